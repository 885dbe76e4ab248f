"""Object and probe that go on improving while patterns come."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.frames import lift
from autoexp.reduction.ptychography.engine import Estimate
from autoexp.reduction.ptychography.misfit import misfits, single
from autoexp.reduction.ptychography.reducer import Ptychography
from autoexp.reduction.ptychography.scan import Pattern, Scan
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number


@dataclass(frozen=True, slots=True, eq=False)
class RunningState:
    """Patterns, and what they showed so far.

    Parameters
    ----------
    scan
        The patterns kept.
    fresh
        Those that no sweep has used yet.
    estimates
        By all patterns and, where asked for, by each half; none before the first sweep.
    newest
        Misfit of the newest pattern with the estimate before it; see `misfits`.
    """

    scan: Scan
    fresh: tuple[Pattern, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    newest: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RunningPtychography:
    """A running reconstruction: sweeps over some patterns each time that so many have come.

    After every `block` frames, however they were batched, `sweeps` sweeps go over them and over patterns drawn from
    the others, `window` in all, so that the work per frame is bounded. A reading goes on from there for `finish`
    epochs over all patterns, which the state does not keep. What is read does not depend on batches, but on the order
    of frames, so states do not merge.

    To the fields of `Ptychography` comes ``surprise``: the R-factor of the newest pattern against the estimate before
    it, high where the probe met what the object does not show yet.

    Parameters
    ----------
    ptychography
        What is reconstructed, and how; its `epochs` have no use here.
    block
        Frames between sweeps.
    sweeps
        After each block.
    window
        Patterns in a sweep, at least `block`.
    finish
        Epochs in a reading.

    Raises
    ------
    ReductionError
        If a number is out of its range.
    """

    ptychography: Ptychography
    block: int = 4
    sweeps: int = 2
    window: int = 32
    finish: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.block <= self.window and self.sweeps >= 1 and self.finish >= 0):
            raise ReductionError(
                f"block must be one or more and at most window, sweeps one or more and finish zero or more, got "
                f"block={self.block}, window={self.window}, sweeps={self.sweeps}, finish={self.finish}"
            )

    def init(self, spec: FrameSpec) -> RunningState:
        """Return the state before any frame."""
        return RunningState(self.ptychography.init(spec))

    def update(self, state: RunningState, frames: Tensor | Frames, meta: FrameMeta) -> RunningState:
        """Keep a batch of patterns, shape ``(n, y, x)``, and sweep as often as a block is full.

        Raises
        ------
        ReductionError
            If they are not of the detector's shape, or a position is missing or off the grid.
        """
        lifted = lift(frames, state.scan.device)
        patterns = self.ptychography.patterns(lifted, meta)
        while patterns:
            room = self.block - len(state.fresh)
            state = self._extended(state, patterns[:room], lifted.valid is not None)
            patterns = patterns[room:]
        return state

    def _extended(self, state: RunningState, patterns: Sequence[Pattern], masked: bool) -> RunningState:
        """Return the state with patterns that fit into its block, swept if that is full then."""
        scan, fresh = state.scan.add(patterns, masked), (*state.fresh, *patterns)
        before = state.estimates or self.ptychography.begin(scan)
        newest = misfits(before[0], patterns[-1:])
        if len(fresh) < self.block:
            return RunningState(scan, fresh, state.estimates, newest)
        chosen = (*fresh, *self._others(scan, fresh))
        first = scan.n_frames // self.block * self.sweeps
        swept = self.ptychography.improved(before, chosen, range(first, first + self.sweeps))
        return RunningState(scan, (), swept, newest)

    def _others(self, scan: Scan, fresh: Sequence[Pattern]) -> Sequence[Pattern]:
        """Draw patterns to go over again."""
        taken = {id(each) for each in fresh}
        older = [each for each in scan.patterns if id(each) not in taken]
        room = min(self.window - len(fresh), len(older))
        source = torch.Generator().manual_seed(self.ptychography.engine.seed + scan.n_frames)
        return [older[i] for i in torch.randperm(len(older), generator=source)[:room].tolist()]

    def read(self, state: RunningState) -> Mapping[str, Reduced]:
        """Return images and numbers; see `Reader`."""
        base = self.ptychography
        if not state.scan.patterns or state.newest is None:
            return base.reader.empty() | {"surprise": number(math.nan, math.nan, "", 0, Flags.NO_FRAMES)}
        found = base.reader.read(state.scan, self._finished(state))
        about = found["r_factor"]
        return found | {"surprise": number(*single(state.newest), "", about.n_frames, about.flags)}

    def _finished(self, state: RunningState) -> tuple[Estimate, ...]:
        estimates = state.estimates or self.ptychography.begin(state.scan)
        first = (state.scan.n_frames // self.block + 1) * self.sweeps
        return self.ptychography.improved(estimates, state.scan.patterns, range(first, first + self.finish))

    def warmup(self, spec: FrameSpec) -> None:
        """Transform and allocate before beam."""
        self.ptychography.warmup(spec)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        names = ("block", "sweeps", "window", "finish")
        return {"ptychography": dict(self.ptychography.settings())} | {name: getattr(self, name) for name in names}
