"""The sum of all frames so far: an additive state that many reducers share."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.counts import IntArray, add_counts, highest_of, narrowest, raw_counts
from autoexp.reduction.frames import lift
from autoexp.reduction.records import Frames, FrameSpec


@dataclass(frozen=True, slots=True, eq=False)
class FrameSum:
    """What was counted in every pixel.

    Parameters
    ----------
    values
        Sum of the valid values, shape ``(y, x)``: raw counts as the narrowest whole numbers that hold
        them, all else as float64.
    variance
        Sum of their variances, float64, shape ``(y, x)``; None while it is the sum itself, as for raw
        Poisson counts.
    missing
        How many frames had no valid value there, int32, shape ``(y, x)``; None while none had.
    n_frames
        Frames seen.
    bound
        No sum of raw counts is above it; infinite where values were not raw counts.
    """

    values: Tensor
    variance: Tensor | None
    missing: Tensor | None
    n_frames: int
    bound: float = math.inf

    @classmethod
    def empty(cls, spec: FrameSpec) -> "FrameSum":
        """Return the sum of no frames."""
        return cls(torch.zeros(spec.shape, dtype=torch.float64, device=spec.device), None, None, 0, 0.0)

    @classmethod
    def of(cls, frames: Tensor | Frames, device: torch.device) -> "FrameSum":
        """Return the sum of a batch, shape ``(n, y, x)``, on `device`."""
        raw = raw_counts(frames, device) if isinstance(frames, Tensor) else None
        if raw is not None and (highest := highest_of(raw)) is not None:
            return cls.of_counts(raw, highest)
        lifted = lift(frames, device)
        n = len(lifted.values)
        valid = None if lifted.valid is None else lifted.valid.expand_as(lifted.values)
        total = _sum(lifted.values, valid)
        variance = None if lifted.variance is None else _sum(lifted.variances, valid)
        missing = None if valid is None else n - valid.sum(0, dtype=torch.int32)
        return cls(total, variance, missing, n)

    @classmethod
    def of_counts(cls, raw: IntArray, highest: int) -> "FrameSum":
        """Return the sum of raw counts, shape ``(n, y, x)``, none of them negative, a sentinel or above `highest`."""
        return cls(torch.from_numpy(add_counts(raw, highest)), None, None, len(raw), len(raw) * highest)

    def add(self, frames: Tensor | Frames) -> "FrameSum":
        """Return the sum with a batch, shape ``(n, y, x)``, added.

        Raises
        ------
        ReductionError
            If the frames have another shape.
        """
        added = FrameSum.of(frames, self.values.device)
        if added.shape != self.shape:
            raise ReductionError(f"frames must be {self.shape} as the state is, got {added.shape}")
        return self.merge(added)

    def merge(self, other: "FrameSum") -> "FrameSum":
        """Return the sum of the frames of both.

        Raises
        ------
        ReductionError
            If they are of different shapes.
        """
        if other.values.shape != self.values.shape:
            raise ReductionError(f"sums must have one shape to merge, got {self.shape} and {other.shape}")
        if self.n_frames == 0 or other.n_frames == 0:
            return other if self.n_frames == 0 else self
        raw = self.variance is None and other.variance is None
        variance = None if raw else self.variances + other.variances
        missing = other.missing if self.missing is None else _plus(self.missing, other.missing)
        bound = self.bound + other.bound
        if _outgrown(bound, self.bound, other.bound):
            bound = _highest_sum(self.values) + _highest_sum(other.values)
        values = _plus_counts(self.values, other.values, bound) if bound < math.inf else self.total + other.total
        return FrameSum(values, variance, missing, self.n_frames + other.n_frames, bound)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def total(self) -> Tensor:
        """Sum of the valid values, float64, shape ``(y, x)``."""
        return self.values.to(torch.float64)

    @property
    def variances(self) -> Tensor:
        """Variance of the sum, shape ``(y, x)``."""
        return self.total.clamp(min=0.0) if self.variance is None else self.variance

    @property
    def seen(self) -> Tensor | int:
        """How many frames had a valid value, shape ``(y, x)`` or one number for all."""
        return self.n_frames if self.missing is None else self.n_frames - self.missing


def _outgrown(bound: float, *parts: float) -> bool:
    """Return whether a bound asks for a wider type than its parts did, so that it pays to look for a closer one."""
    return bound < math.inf and narrowest(bound) is not narrowest(max(parts))


def _highest_sum(values: Tensor) -> int:
    return int(values.numpy().max())


def _plus_counts(a: Tensor, b: Tensor, bound: float) -> Tensor:
    return torch.from_numpy(np.add(a.numpy(), b.numpy(), dtype=narrowest(bound), casting="unsafe"))


def _sum(values: Tensor, valid: Tensor | None) -> Tensor:
    kept = values if valid is None else torch.where(valid, values, 0.0)
    return kept[0].to(torch.float64, copy=True) if len(kept) == 1 else kept.sum(0, dtype=torch.float64)


def _plus(a: Tensor, b: Tensor | None) -> Tensor:
    return a if b is None else a + b
