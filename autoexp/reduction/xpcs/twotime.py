"""Correlation of each frame with each other, of the last frames."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.records import Axis, FloatArray, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.xpcs.bins import Bins
from autoexp.reduction.xpcs.gather import count, gather, part
from autoexp.reduction.xpcs.layout import Layout
from autoexp.reduction.xpcs.pairs import jackknife, normalised


@dataclass(frozen=True, slots=True, eq=False)
class TwoTimeState:
    """The last frames.

    Parameters
    ----------
    layout
        Places of the pixels.
    values
        Zero where there is no valid value, float32, shape ``(window, places)``; frame ``i`` is in row ``i % window``.
    valid
        1 where there is a value, of the same shape; None while there is one everywhere.
    n_frames
        Frames seen.
    period
        Seconds from frame to frame, NaN before the first.
    """

    layout: Layout
    values: Tensor | None
    valid: Tensor | None
    n_frames: int
    period: float


@dataclass(frozen=True, slots=True)
class TwoTime:
    """The two-time correlation of each bin, of the last frames.

    ``<I(t1) I(t2)> / (<I(t1)> <I(t2)>)``, means over the pixels of a bin that are valid at both times (M. Sutton et
    al., Opt. Express 11, 2268 (2003), normalised as scikit-beam's ``two_time_corr`` does). For a sample that does not
    age it depends on ``t2 - t1`` alone; on the diagonal it holds the noise of counting too.

    Its sigma is the jackknife's over groups of neighbouring pixels.

    Parameters
    ----------
    bins
        Which pixels to correlate.
    window
        How many frames are kept. What is read has ``window²`` values for each bin, and memory holds as many frames.
    groups
        Of each bin, for the sigma.
    period
        Seconds from frame to frame; by default the exposure of the first batch.

    Raises
    ------
    ReductionError
        If one of them makes no sense.
    """

    bins: Bins
    window: int = 64
    groups: int = 8
    period: float | None = None

    def __post_init__(self) -> None:
        if self.window < 2 or self.groups < 2:
            raise ReductionError(f"window and groups must be 2 or more, got {self.window} and {self.groups}")
        if self.period is not None and not 0 < self.period < float("inf"):
            raise ReductionError(f"period must be positive, got {self.period} s")

    def init(self, spec: FrameSpec) -> TwoTimeState:
        """Lay out the pixels, and return the state before any frame."""
        layout = Layout.of(self.bins.pixels(), self.groups, spec.device)
        return TwoTimeState(layout, None, None, 0, spec.exposure if self.period is None else self.period)

    def update(self, state: TwoTimeState, frames: Tensor | Frames, meta: FrameMeta) -> TwoTimeState:
        """Keep a batch, shape ``(n, y, x)``, the next in time.

        Raises
        ------
        ReductionError
            If the frames are of another shape than the detector.
        """
        n = count(frames, self.bins.shape)
        if n == 0:
            return state
        if state.values is None:
            values = state.layout.used.new_zeros((self.window, state.layout.places))
            state = replace(state, values=values, period=meta.exposure if self.period is None else self.period)
        start = max(0, n - self.window)
        state = replace(state, n_frames=state.n_frames + start)
        while start < n:
            row = state.n_frames % self.window
            stop = min(n, start + self.window - row)
            state = _kept(state, part(frames, slice(start, stop)), slice(row, row + stop - start))
            start = stop
        return state

    def warmup(self, spec: FrameSpec) -> None:
        """Lay out the pixels and allocate before beam."""
        rehearse(self, spec)

    def read(self, state: TwoTimeState) -> Mapping[str, Reduced]:
        """Return ``two_time`` by bin and both times in seconds since the first frame, oldest first.

        With fewer frames than the window, what is left over is NaN.
        """
        bins, seen = len(self.bins.names), min(state.n_frames, self.window)
        value, sigma = np.full((2, bins, self.window, self.window), np.nan)
        if state.values is not None:
            rows = torch.arange(state.n_frames - seen, state.n_frames, device=state.values.device) % self.window
            for place in range(bins):
                found = _of_bin(state, state.values, rows, place)
                value[place, :seen, :seen], sigma[place, :seen, :seen] = (each.cpu().numpy() for each in found)
        steps: FloatArray = np.arange(self.window, dtype=np.float64) + state.n_frames - seen
        times = Axis(np.asarray(steps * state.period), "s")
        axes = {"bin": self.bins.axis(), "t1": times, "t2": times}
        flags = self._told(state, bool(np.isnan(value[:, :seen, :seen]).any()))
        return {"two_time": Reduced(value, sigma, "", ("bin", "t1", "t2"), axes, state.n_frames, flags)}

    def _told(self, state: TwoTimeState, dark: bool) -> Flags:
        if state.n_frames == 0:
            return Flags.NO_FRAMES
        flags = Flags.NO_SIGNAL if dark else Flags.NONE
        flags |= Flags.INCOMPLETE if state.n_frames < self.window else Flags.NONE
        return flags | (Flags.NONE if state.valid is None else Flags.MASKED)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"window": self.window, "groups": self.groups, "period": self.period}
        return own | {"bins": dict(self.bins.settings())}


def _kept(state: TwoTimeState, frames: Tensor | Frames, rows: slice) -> TwoTimeState:
    assert state.values is not None
    into = state.values[rows]
    found = gather(state.layout, frames, into)
    valid = state.valid
    if valid is None and found is not None:
        valid = state.layout.used.expand_as(state.values).clone()
    if valid is not None:
        valid[rows] = (state.layout.used if found is None else found).to(valid.dtype)
    return replace(state, valid=valid, n_frames=state.n_frames + len(into))


def _of_bin(state: TwoTimeState, values: Tensor, rows: Tensor, place: int) -> tuple[Tensor, Tensor]:
    """Return the correlation of one bin and its sigma, float64, shape ``(n, n)`` each, of `rows` in order of time."""
    layout = state.layout
    span, members = layout.of_bin(place)
    light = layout.blocked(values[:, span][rows])
    product = _tables(light, light, members)
    if state.valid is None:
        sums, pixels = (
            members @ light.sum(-1).double(),
            members @ layout.used[span].view(-1, layout.block).sum(-1).double(),
        )
        past, future = sums[:, :, None].expand_as(product), sums[:, None].expand_as(product)
        weight = pixels[:, None, None].expand_as(product)
    else:
        shown = layout.blocked(state.valid[:, span][rows])
        past = _tables(light, shown, members)
        future, weight = past.mT, _tables(shown, shown, members)
    groups = (product, past, future, weight)
    whole = normalised(*(sums.sum(0) for sums in groups))
    left_out = normalised(*(sums.sum(0) - sums for sums in groups))
    return whole, torch.where(whole.isfinite(), jackknife(left_out, 0), torch.nan)


def _tables(a: Tensor, b: Tensor, members: Tensor) -> Tensor:
    """Return the products of all rows with all by group, float64, shape ``(groups, n, n)``."""
    tables = torch.bmm(a, b.mT)
    return (members @ tables.flatten(1).double()).view(-1, *tables.shape[1:])
