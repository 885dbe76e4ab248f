"""The sum of all frames so far: an additive state that many reducers share."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.frames import checked, lift, plain_counts
from autoexp.reduction.records import Frames, FrameSpec


@dataclass(frozen=True, slots=True, eq=False)
class FrameSum:
    """What was counted in every pixel.

    Parameters
    ----------
    total, variance
        Sum of the valid values and of their variances, float64, shape ``(y, x)``; `variance` is
        None while it is the sum itself, as for raw Poisson counts.
    missing
        How many frames had no valid value there, int32, shape ``(y, x)``; None while none had.
    n_frames
        Frames seen.
    """

    total: Tensor
    variance: Tensor | None
    missing: Tensor | None
    n_frames: int

    @classmethod
    def empty(cls, spec: FrameSpec) -> "FrameSum":
        """Return the sum of no frames."""
        return cls(torch.zeros(spec.shape, dtype=torch.float64, device=spec.device), None, None, 0)

    def add(self, frames: Tensor | Frames) -> "FrameSum":
        """Return the sum with a batch, shape ``(n, y, x)``, added."""
        if isinstance(frames, Tensor) and plain_counts(frames, self.total.device):
            checked(Frames(frames), self.shape)
            return self.merge(FrameSum(_sum_of_integers(frames), None, None, len(frames)))
        lifted = checked(lift(frames, self.total.device), self.shape)
        n = lifted.values.shape[0]
        valid = None if lifted.valid is None else lifted.valid.expand_as(lifted.values)
        total = _sum(lifted.values, valid)
        variance = None if lifted.variance is None else _sum(lifted.variances, valid)
        missing = None if valid is None else n - valid.sum(0, dtype=torch.int32)
        return self.merge(FrameSum(total, variance, missing, n))

    def merge(self, other: "FrameSum") -> "FrameSum":
        """Return the sum of the frames of both.

        Raises
        ------
        ReductionError
            If they are of different shapes.
        """
        if other.shape != self.shape:
            raise ReductionError(f"sums must have one shape to merge, got {self.shape} and {other.shape}")
        if self.n_frames == 0 or other.n_frames == 0:
            return other if self.n_frames == 0 else self
        raw = self.variance is None and other.variance is None
        variance = None if raw else self.variances + other.variances
        missing = other.missing if self.missing is None else _plus(self.missing, other.missing)
        return FrameSum(self.total + other.total, variance, missing, self.n_frames + other.n_frames)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.total.shape[0], self.total.shape[1]

    @property
    def variances(self) -> Tensor:
        """Variance of the sum, shape ``(y, x)``."""
        return self.total.clamp(min=0.0) if self.variance is None else self.variance

    @property
    def seen(self) -> Tensor | int:
        """How many frames had a valid value, shape ``(y, x)`` or one number for all."""
        return self.n_frames if self.missing is None else self.n_frames - self.missing


def _sum_of_integers(frames: Tensor) -> Tensor:
    """Add raw frames without a copy in floating point."""
    if len(frames) == 1:
        return frames[0].to(torch.float64)
    return torch.from_numpy(np.add.reduce(frames.numpy(), axis=0, dtype=np.int64)).to(torch.float64)


def _sum(values: Tensor, valid: Tensor | None) -> Tensor:
    kept = values if valid is None else torch.where(valid, values, 0.0)
    return kept[0].double() if len(kept) == 1 else kept.sum(0, dtype=torch.float64)


def _plus(a: Tensor, b: Tensor | None) -> Tensor:
    return a if b is None else a + b
