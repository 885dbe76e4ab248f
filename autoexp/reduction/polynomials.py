"""Least-squares polynomials through parts of many curves at once, as the linear maps that they are."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class LocalPolynomials:
    """What makes polynomials of curves: ``coefficients = rows @ curve``, in ``u = (x - centre) / half``.

    Parameters
    ----------
    rows
        Shape ``(n, degree + 1, points)``; NaN where the window holds too few points.
    centre, half
        Middle and half width of each window, shape ``(n, 1)`` each.
    """

    rows: Tensor
    centre: Tensor
    half: Tensor

    @classmethod
    def over(cls, x: Tensor, low: Tensor, high: Tensor, degree: int) -> "LocalPolynomials":
        """Return the least-squares polynomials over the points in a window.

        Parameters
        ----------
        x
            Where the curves are known, shape ``(points,)``, all different.
        low, high
            Ends of the windows, which belong to them, shape ``(n, 1)`` each.
        degree
            Of the polynomials.
        """
        inside = ((x >= low) & (x <= high)).to(x.dtype)
        centre, half = (low + high) / 2.0, ((high - low) / 2.0).clamp(min=torch.finfo(x.dtype).tiny)
        basis = powers((x - centre) / half, degree) * inside[:, None, :]
        gram = basis @ basis.mT
        enough = (inside.sum(1) > degree)[:, None, None]
        inverse = torch.linalg.inv_ex(torch.where(enough, gram, torch.eye(degree + 1, dtype=x.dtype, device=x.device)))
        return cls(torch.where(enough, inverse.inverse @ basis, torch.nan), centre, half)

    def coefficients(self, curves: Tensor) -> Tensor:
        """Return the coefficients in u of curves, shape ``(n, points)`` to ``(n, degree + 1)``."""
        return (self.rows @ curves[:, :, None])[:, :, 0]

    def basis(self, x: Tensor) -> Tensor:
        """Return the powers of u at `x`, shape ``(n, m)`` or ``(m,)`` to ``(n, degree + 1, m)``."""
        return powers((x - self.centre) / self.half, self.rows.shape[1] - 1)


def powers(u: Tensor, degree: int) -> Tensor:
    """Return ``1, u, u² ...``, shape ``(n, m)`` to ``(n, degree + 1, m)``."""
    found = [torch.ones_like(u)]
    for _ in range(degree):
        found.append(found[-1] * u)
    return torch.stack(found, 1)
