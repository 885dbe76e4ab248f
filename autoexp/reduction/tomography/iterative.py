"""Slices by regularised least squares: for few or noisy projections."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.tomography.normal import NormalOperator

Hessian = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A slice, and how it was reached.

    Parameters
    ----------
    picture
        Shape ``(size, size)``.
    iterations
        How many were done.
    change
        By how much the last one changed it, as part of its norm.
    converged
        Whether that was below the tolerance.
    """

    picture: Tensor
    iterations: int
    change: float
    converged: bool


@dataclass(frozen=True, slots=True)
class Iterative:
    """Minimises ``x' A* W A x / 2 - x' A* W p + smoothness |grad x|² / 2`` inside a mask, from where one stands.

    With `nonnegative` by FISTA [1]_ with restarts [2]_, else by conjugate gradients [3]_. Each iteration costs four
    short Fourier transforms, however many projections there are.

    Parameters
    ----------
    smoothness
        Weight of the squared differences between neighbours (Tikhonov): frequencies from where
        ``f (2 pi f)² smoothness`` is 1, in cycles per column, are damped.
    nonnegative
        Whether attenuation below zero is ruled out.
    iterations
        At most.
    tolerance
        Relative change of the picture at which it ends.

    Raises
    ------
    ReductionError
        If a number makes no sense.

    References
    ----------
    .. [1] A. Beck and M. Teboulle, SIAM J. Imaging Sci. 2, 183 (2009).
    .. [2] B. O'Donoghue and E. Candès, Found. Comput. Math. 15, 715 (2015): restarts.
    .. [3] M. R. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952).
    """

    smoothness: float = 3.0
    nonnegative: bool = True
    iterations: int = 100
    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 <= self.smoothness < math.inf or self.iterations < 1 or not self.tolerance > 0:
            told = f"got {self.smoothness}, {self.iterations} and {self.tolerance}"
            raise ReductionError(f"smoothness must be 0 or more, iterations 1 or more, tolerance positive, {told}")

    def solve(
        self, operator: NormalOperator, data: Tensor, inside: Tensor, start: Tensor, *, pixel: float = 1.0
    ) -> Solution:
        """Return the slice.

        Parameters
        ----------
        operator
            ``A* W A``.
        data
            ``A* W`` of the line integrals, shape ``(size, size)``.
        inside
            Where the sample may be, boolean, shape ``(size, size)``.
        start
            To begin with: what is known already, or zero.
        pixel
            Side of a pixel in columns.
        """
        smooth = operator.smoothed(self.smoothness / pixel**2)
        kept = inside.to(data.dtype)
        wanted, begin = data * kept, start * kept
        if self.nonnegative:
            return self._fista(smooth, wanted, kept, begin.clamp(min=0.0))
        return self._conjugate_gradients(lambda x: smooth(x).mul_(kept), wanted, begin)

    def _fista(self, hessian: NormalOperator, data: Tensor, inside: Tensor, start: Tensor) -> Solution:
        x, ahead, momentum, change, step = start, start, 1.0, math.inf, 1.0 / hessian.norm
        for count in range(1, self.iterations + 1):
            new = torch.sub(ahead, hessian(ahead).sub_(data), alpha=step).clamp_(min=0.0).mul_(inside)
            moved = new - x
            if float(((ahead - new) * moved).sum()) > 0:
                momentum = 1.0
            following = 0.5 * (1.0 + math.sqrt(1.0 + 4.0 * momentum**2))
            ahead = torch.add(new, moved, alpha=(momentum - 1.0) / following)
            x, momentum, change = new, following, _relative(moved, new)
            if change < self.tolerance:
                return Solution(x, count, change, converged=True)
        return Solution(x, self.iterations, change, converged=False)

    def _conjugate_gradients(self, hessian: Hessian, data: Tensor, start: Tensor) -> Solution:
        x, rest, change = start.clone(), data - hessian(start), math.inf
        direction, power = rest, float((rest**2).sum())
        for count in range(1, self.iterations + 1):
            curved = hessian(direction)
            curvature = float((direction * curved).sum())
            if not curvature > 0:
                return Solution(x, count - 1, 0.0, converged=True)
            step = power / curvature
            x = torch.add(x, direction, alpha=step)
            change = step * _relative(direction, x)
            if change < self.tolerance:
                return Solution(x, count, change, converged=True)
            rest = torch.sub(rest, curved, alpha=step)
            power, before = float((rest**2).sum()), power
            direction = torch.add(rest, direction, alpha=power / before)
        return Solution(x, self.iterations, change, converged=False)


def _relative(change: Tensor, picture: Tensor) -> float:
    norm = float(picture.norm())
    return float(change.norm()) / norm if norm > 0 else 0.0
