"""The levels of a multiple-tau correlation together, fed frame by frame."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec
from autoexp.reduction.xpcs.bins import Bins
from autoexp.reduction.xpcs.gather import count, gather, part
from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.layout import Layout
from autoexp.reduction.xpcs.levels import Level
from autoexp.reduction.xpcs.pairs import PairSums
from autoexp.reduction.xpcs.rows import Rows


@dataclass(frozen=True, slots=True, eq=False)
class CorrelatorState:
    """What was seen of a series of frames.

    Parameters
    ----------
    layout
        Places of the pixels.
    levels
        Those that have begun.
    steady
        1 where the first frame was valid, float32, shape ``(places,)``; None for every pixel.
    counts
        Valid pixels of the first frame in each group, float64.
    masks
        Whether any frame was masked otherwise than the first, so that each row has its own mask.
    n_frames
        Frames seen.
    period
        Seconds from frame to frame; NaN while that is not known.
    """

    layout: Layout
    levels: tuple[Level, ...]
    steady: Tensor | None
    counts: Tensor
    masks: bool
    n_frames: int
    period: float


@dataclass(frozen=True, slots=True, eq=False)
class Correlator:
    """Multiple-tau sums of each group of pixels.

    Rows wait in chunks of one size, whatever the batches were, so results do not depend on the batches at all; those
    of a level halve into the next one's. Products of a chunk with all rows up to the longest lag before it are one
    batched matrix product.

    Parameters
    ----------
    bins
        Which pixels to correlate.
    levels, channels
        See `autoexp.reduction.xpcs.lag_steps`.
    groups
        Of each bin, for the sigma.
    period
        Seconds from frame to frame; by default the exposure of the first batch.
    chunk
        How many rows wait before they are multiplied, an even number: larger ones make fewer and larger products.
        What is found does not depend on it but for rounding.

    Raises
    ------
    ReductionError
        If one of them makes no sense.
    """

    bins: Bins
    levels: int = 6
    channels: int = 8
    groups: int = 16
    period: float | None = None
    chunk: int = 8

    def __post_init__(self) -> None:
        lag_steps(self.levels, self.channels)
        if self.chunk < 2 or self.chunk % 2:
            raise ReductionError(f"chunk must be even and 2 or more, got {self.chunk}")
        if self.groups < 2:
            raise ReductionError(f"groups must be 2 or more, got {self.groups}")
        if self.period is not None and not 0 < self.period < float("inf"):
            raise ReductionError(f"period must be positive, got {self.period} s")

    def init(self, spec: FrameSpec) -> CorrelatorState:
        """Return the state before any frame."""
        layout = Layout.of(self.bins.pixels(), self.groups, spec.device)
        counts = layout.sums(layout.used[None])[0]
        period = spec.exposure if self.period is None else self.period
        return CorrelatorState(layout, (), None, counts, False, 0, period)

    def update(self, state: CorrelatorState, frames: Tensor | Frames, meta: FrameMeta) -> CorrelatorState:
        """Return the state after a batch, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If the frames are not those of the bins' detector.
        """
        n, start = count(frames, self.bins.shape), 0
        while start < n:
            state = self._begin(state, 0)
            stop = min(n, start + state.levels[0].room)
            state = self._take(state, part(frames, slice(start, stop)), stop - start, meta)
            start = stop
        return state

    def _begin(self, state: CorrelatorState, place: int) -> CorrelatorState:
        """Return the state with a level at `place`."""
        if place < len(state.levels):
            return state
        fresh = Level.empty(place, self.channels, self.chunk, state.layout, masks=state.masks)
        return replace(state, levels=(*state.levels, fresh))

    def _take(self, state: CorrelatorState, frames: Tensor | Frames, n: int, meta: FrameMeta) -> CorrelatorState:
        """Return the state with frames for which there is room in the first level."""
        slot = state.levels[0].slot(n)
        valid = gather(state.layout, frames, slot.values)
        slot.sums.copy_(state.layout.sums(slot.values))
        if state.n_frames == 0:
            state = _begun(state, valid, meta.exposure if self.period is None else self.period)
        if not state.masks and _changes(state, valid):
            state = _with_masks(state)
        if (mask := state.levels[0].slot(n).valid) is not None:
            mask.copy_(state.layout.used if valid is None else valid)
        state = _with_level(state, 0, state.levels[0].grown(n))
        return self._settle(replace(state, n_frames=state.n_frames + n), 0)

    def _settle(self, state: CorrelatorState, place: int) -> CorrelatorState:
        """Return the state with a level's chunk in its sums if it is full, and so upwards."""
        if place == self.levels or state.levels[place].room:
            return state
        if place + 1 < self.levels:
            state = self._begin(state, place + 1)
            above = state.levels[place + 1]
            state.levels[place].chunk.pair_into(above.slot(self.chunk // 2))
            state = _with_level(state, place + 1, above.grown(self.chunk // 2))
        level = state.levels[place].settle(state.layout, state.counts)
        return self._settle(_with_level(state, place, level), place + 1)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        names = ("levels", "channels", "groups", "period", "chunk")
        return {name: getattr(self, name) for name in names} | {"bins": dict(self.bins.settings())}

    def sums(self, state: CorrelatorState) -> PairSums:
        """Return the sums over all pairs so far, at all lags."""
        layout, parts = state.layout, []
        upward = Rows.zeros(0, layout, masks=state.masks)
        for place in range(self.levels):
            fresh = place >= len(state.levels)
            level = Level.empty(place, self.channels, 0, layout, masks=state.masks) if fresh else state.levels[place]
            sums, upward = level.settled(upward, layout, state.counts)
            parts.append(sums)
        return PairSums.joined(parts)


def _with_level(state: CorrelatorState, place: int, level: Level) -> CorrelatorState:
    return replace(state, levels=(*state.levels[:place], level, *state.levels[place + 1 :]))


def _begun(state: CorrelatorState, valid: Tensor | None, period: float) -> CorrelatorState:
    if valid is None:
        return replace(state, period=period)
    steady = valid[0].float()
    return replace(state, steady=steady, counts=state.layout.sums(steady[None])[0], period=period)


def _changes(state: CorrelatorState, valid: Tensor | None) -> bool:
    """Return whether a row's mask may be another than the first's; to look would delay a GPU, so there it may."""
    if valid is None:
        return state.steady is not None
    on_gpu = valid.device.type != "cpu"
    return on_gpu or state.steady is None or not bool((valid == state.steady.bool()).all())


def _with_masks(state: CorrelatorState) -> CorrelatorState:
    steady = state.layout.used if state.steady is None else state.steady
    return replace(state, levels=tuple(level.masked(steady) for level in state.levels), masks=True)
