"""Mean and covariance of all curves so far, as additive sums."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.errors import ReductionError

LONGEST = 4096
"""Points of a curve beyond which the covariance (128 MiB then) takes too much memory."""


@dataclass(frozen=True, slots=True, eq=False)
class CurveCovariance:
    """Sums over curves, taken from a curve near their mean so that squares keep their digits.

    Two of them are joined by the update of T. F. Chan, G. H. Golub and R. J. LeVeque, Am. Stat. 37, 242 (1983).

    Parameters
    ----------
    n
        Number of curves.
    mean
        Their mean, float64, shape ``(x,)``.
    scatter
        Sum of the outer products of the deviations from it, shape ``(x, x)``.
    missing
        In how many curves a point was invalid, int64, shape ``(x,)``; there the curve counted as zero.
    """

    n: int
    mean: Tensor
    scatter: Tensor
    missing: Tensor

    @classmethod
    def empty(cls, length: int, device: str = "cpu") -> "CurveCovariance":
        """Return the sums over no curve.

        Raises
        ------
        ReductionError
            If the curves have too many points.
        """
        if length > LONGEST:
            raise ReductionError(f"a curve must have {LONGEST} points or fewer for its covariance, got {length}")
        zeros = torch.zeros(length, dtype=torch.float64, device=device)
        scatter = torch.zeros((length, length), dtype=torch.float64, device=device)
        return cls(0, zeros, scatter, torch.zeros_like(zeros, dtype=torch.int64))

    @classmethod
    def of(cls, curves: Tensor, valid: Tensor | None = None) -> "CurveCovariance":
        """Return the sums over curves; see `add`."""
        return cls.empty(curves.shape[1], str(curves.device)).add(curves, valid)

    def add(self, curves: Tensor, valid: Tensor | None = None) -> "CurveCovariance":
        """Return the sums with more curves added.

        Parameters
        ----------
        curves
            Shape ``(n, x)``.
        valid
            Where they have a value, same shape; values that are not finite are missing in any case.
        """
        if len(curves) == 0:
            return self
        known = torch.isfinite(curves) if valid is None else valid & torch.isfinite(curves)
        filled = torch.where(known, curves.double(), 0.0)
        mean, n = filled.mean(0), self.n + len(curves)
        step = mean - self.mean
        off = torch.cat([filled - mean, (math.sqrt(self.n * len(curves) / n) * step)[None]])
        scatter = torch.addmm(self.scatter, off.T, off)
        return CurveCovariance(n, self.mean + step * (len(curves) / n), scatter, self.missing + (~known).sum(0))

    def merge(self, other: "CurveCovariance") -> "CurveCovariance":
        """Return the sums over the curves of both.

        Raises
        ------
        ReductionError
            If theirs have different numbers of points.
        """
        if len(self.mean) != len(other.mean):
            raise ReductionError(f"curves must have one length, got {len(self.mean)} and {len(other.mean)}")
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        n = self.n + other.n
        step = other.mean - self.mean
        scatter = self.scatter + other.scatter + torch.outer(step, step) * (self.n * other.n / n)
        return CurveCovariance(n, self.mean + step * (other.n / n), scatter, self.missing + other.missing)
