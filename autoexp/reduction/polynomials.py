"""Least-squares polynomials through parts of many curves at once, as the linear maps that they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.records import FloatArray

K = TypeVar("K")


def window_rows(x: FloatArray, low: float, high: float, degree: int) -> FloatArray:
    """Return what makes the coefficients of the least-squares polynomial of a curve, in ``u = (x - middle) / half``.

    Parameters
    ----------
    x
        Where the curve is known, ascending, shape ``(points,)``.
    low, high
        Ends of the window, which belong to it.
    degree
        Of the polynomial.

    Returns
    -------
        Shape ``(degree + 1, points)``; zero beyond the window, NaN if it holds too few points.
    """
    rows = np.zeros((degree + 1, len(x)))
    first, last = int(np.searchsorted(x, low)), int(np.searchsorted(x, high, side="right"))
    if last - first <= degree:
        return np.full_like(rows, np.nan)
    basis = window_powers(x[first:last], low, high, degree)
    rows[:, first:last] = np.linalg.solve(basis @ basis.T, basis)
    return rows


def window_powers(x: FloatArray, low: float, high: float, degree: int) -> FloatArray:
    """Return ``1, u, u² ...`` for a window, shape ``(m,)`` to ``(degree + 1, m)``."""
    u = (x - (low + high) / 2.0) * (2.0 / (high - low) if high > low else 1.0)
    found = np.ones((degree + 1, len(u)))
    for power in range(degree):
        found[power + 1] = found[power] * u
    return found


@dataclass(frozen=True, slots=True, eq=False)
class LocalPolynomials:
    """What makes polynomials of curves: ``coefficients = rows @ curve``, in ``u = (x - middle) / half``.

    Parameters
    ----------
    rows
        Shape ``(n, degree + 1, points)``, or 1 in place of n where the windows are one; NaN where a window holds too
        few points.
    middle, half
        Middle and half width of each window, shape ``(n, 1)`` each.
    """

    rows: Tensor
    middle: Tensor
    half: Tensor

    @classmethod
    def over(cls, x: Tensor, low: Tensor, high: Tensor, degree: int) -> "LocalPolynomials":
        """Return the least-squares polynomials over the points in windows; each window is solved once, on the CPU.

        Parameters
        ----------
        x
            Where the curves are known, ascending, shape ``(points,)``.
        low, high
            Ends of the windows, which belong to them, shape ``(n, 1)`` each.
        degree
            Of the polynomials.
        """
        grid, ends = x.cpu().numpy(), list(zip(low[:, 0].tolist(), high[:, 0].tolist(), strict=True))
        rows = by_distinct(ends, lambda each: window_rows(grid, *each, degree), x.device)
        return cls(rows, (low + high) / 2.0, (high - low) / 2.0)

    def coefficients(self, curves: Tensor) -> Tensor:
        """Return the coefficients in u of curves, shape ``(n, points)`` to ``(n, degree + 1)``."""
        return (self.rows @ curves[:, :, None])[:, :, 0]


def by_distinct(keys: Sequence[K], make: Callable[[K], FloatArray], device: torch.device) -> Tensor:
    """Return an array for each key, made once for those that are equal; for one key alone the first dimension is 1."""
    distinct = list(dict.fromkeys(keys))
    found = torch.from_numpy(np.stack([make(key) for key in distinct])).to(device)
    if len(distinct) == 1:
        return found
    places = {key: place for place, key in enumerate(distinct)}
    return found[[places[key] for key in keys]]
