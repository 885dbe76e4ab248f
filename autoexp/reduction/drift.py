"""How far an image has moved since it was first seen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.registration import Template
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum


@dataclass(frozen=True, slots=True, eq=False)
class DriftState:
    """The reference, and the sum of the frames that are compared with it.

    Parameters
    ----------
    frames
        Sums of the frames.
    first
        The first frame, if that is the reference; else no frame.
    template
        The reference; None before there is one.
    """

    frames: FrameSum
    first: FrameSum
    template: Template | None


@dataclass(frozen=True, eq=False)
class Drift:
    """Shift of the mean of all frames against a reference, along y and x, positive towards rising y and x.

    It is the place of the highest point of the cross-correlation, which takes the image as periodic: what is
    seen should not leave the frame. The sigma is that of the counts in frames and reference, to first order.

    Parameters
    ----------
    reference
        Raw frame that everything is compared with, shape ``(y, x)``; None for the first frame that is seen,
        which then is not part of the mean.
    normalise
        Whether every spatial frequency counts alike, as in phase correlation: for sharp images whose brightness
        changes from place to place. Else strong ones count more, which noise disturbs least.
    pixel_size
        Side of a pixel in `unit`.
    unit
        Unit of the shift.
    threshold
        By how many standard deviations the correlation must stand out for a shift to be told.

    Raises
    ------
    ReductionError
        If `pixel_size` or `threshold` is not positive, or the reference is no frame.
    """

    reference: Tensor | None = None
    normalise: bool = False
    pixel_size: float = 1.0
    unit: str = "px"
    threshold: float = 6.0

    def __post_init__(self) -> None:
        for rule in ("pixel_size", "threshold"):
            if not 0 < getattr(self, rule) < math.inf:
                raise ReductionError(f"{rule} must be positive, got {getattr(self, rule)}")
        if self.reference is not None and self.reference.ndim != 2:
            raise ReductionError(f"reference must be (y, x), got shape {tuple(self.reference.shape)}")

    def init(self, spec: FrameSpec) -> DriftState:
        """Return the state before any frame."""
        empty = FrameSum.empty(spec)
        return DriftState(empty, empty, None if self._given is None else self._given.to(spec.device))

    def update(self, state: DriftState, frames: Tensor | Frames, meta: FrameMeta) -> DriftState:
        """Add a batch, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If the frames have another shape than the reference.
        """
        if state.template is not None and state.template.shape != state.frames.shape:
            raise ReductionError(f"frames must be {state.template.shape} as the reference is, got {state.frames.shape}")
        if state.template is None and len(frames if isinstance(frames, Tensor) else frames.values):
            first = state.first.add(_part(frames, slice(1)))
            state = replace(state, first=first, template=self._template(first))
            frames = _part(frames, slice(1, None))
        return replace(state, frames=state.frames.add(frames))

    def merge(self, a: DriftState, b: DriftState) -> DriftState:
        """Join what two workers saw; the reference is that of the first."""
        if a.template is None:
            return b
        return replace(a, frames=a.frames.merge(b.first).merge(b.frames))

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        reference = "first frame" if self.reference is None else f"frame of shape {tuple(self.reference.shape)}"
        names = ("normalise", "pixel_size", "unit", "threshold")
        return {"reference": reference} | {name: getattr(self, name) for name in names}

    def read(self, state: DriftState) -> Mapping[str, Reduced]:
        """Return ``shift_y`` and ``shift_x``; NaN where image and reference have nothing in common."""
        n = state.frames.n_frames + state.first.n_frames
        nothing = {name: number(math.nan, math.nan, self.unit, n, Flags.NONE) for name in ("shift_y", "shift_x")}
        if state.template is None or state.frames.n_frames == 0:
            flag = Flags.NO_FRAMES if n == 0 else Flags.INCOMPLETE
            return {name: replace(each, flags=flag) for name, each in nothing.items()}
        flags = Flags.NONE if state.frames.missing is None and state.first.missing is None else Flags.MASKED
        found = state.template.shift_of(*_above_mean(state.frames))
        if not found.significance >= self.threshold or math.isnan(found.sigma_y):
            return {name: replace(each, flags=flags | Flags.NO_SIGNAL) for name, each in nothing.items()}
        size, unit = self.pixel_size, self.unit
        return {
            "shift_y": number(found.y * size, found.sigma_y * size, unit, n, flags),
            "shift_x": number(found.x * size, found.sigma_x * size, unit, n, flags),
        }

    @cached_property
    def _given(self) -> Template | None:
        if self.reference is None:
            return None
        return self._template(FrameSum.of(self.reference[None], self.reference.device))

    def _template(self, reference: FrameSum) -> Template:
        return Template.of(*_above_mean(reference), normalise=self.normalise)


def _part(frames: Tensor | Frames, which: slice) -> Tensor | Frames:
    if isinstance(frames, Tensor):
        return frames[which]
    variance, valid = (
        each if each is None or each.ndim < 3 else each[which] for each in (frames.variance, frames.valid)
    )
    return Frames(frames.values[which], variance, valid)


def _above_mean(frames: FrameSum) -> tuple[Tensor, Tensor]:
    """Return the mean of the frames less its own mean, zero where nothing is valid, and the variance."""
    seen, total = frames.seen, frames.total
    if isinstance(seen, int):
        mean = total / seen
        return mean - mean.mean(), frames.variances / seen**2
    valid, often = seen > 0, seen.clamp(min=1)
    mean = total / often
    level = mean.sum() / valid.sum().clamp(min=1)
    return torch.where(valid, mean - level, 0.0), torch.where(valid, frames.variances / often**2, 0.0)
