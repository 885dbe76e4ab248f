"""Absorption spectra between 0 before the edge and 1 after it, with what their noise does to that.

References
----------
.. [1] M. Newville, J. Phys.: Conf. Ser. 430, 012007 (2013): Larch, whose ``pre_edge`` this follows.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.polynomials import by_distinct, window_powers, window_rows
from autoexp.reduction.records import FloatArray

_OUTER = 3
"""Points at either end of a spectrum at which no edge is looked for."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Where spectra are taken for smooth, in eV from E0; by default as larch's ``pre_edge`` chooses.

    Parameters
    ----------
    pre1, pre2
        Ends of the window before the edge, for a line. By default the second energy, to 5 eV, and half of that.
    norm1, norm2
        Ends of the window after it. By default a 15th of `norm2`, at most 25 eV, and the last energy, to 5 eV.
    nnorm
        Degree of the polynomial after it, 0 to 3. By default 2 over 300 eV or more, 1 over 30 eV or more, else 0.

    Raises
    ------
    ReductionError
        If a window holds nothing, or the degree is another.
    """

    pre1: float | None = None
    pre2: float | None = None
    norm1: float | None = None
    norm2: float | None = None
    nnorm: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("pre", self.pre1, self.pre2), ("norm", self.norm1, self.norm2)):
            if low is not None and high is not None and not low < high:
                raise ReductionError(f"{name}1 must be below {name}2, got {low} and {high} eV")
        if self.nnorm is not None and self.nnorm not in range(4):
            raise ReductionError(f"nnorm must be 0 to 3, got {self.nnorm}")

    def ends(self, energy: FloatArray, e0: float) -> tuple[float, float, float, float]:
        """Return the ends of the windows before and after the edge, in eV from E0.

        Parameters
        ----------
        energy
            In eV, ascending, shape ``(points,)``.
        e0
            In eV.
        """
        first, second, last = (float(energy[place]) - e0 for place in (0, 1, -1))
        pre1 = max(first, _rounded(second) if self.pre1 is None else self.pre1)
        pre2 = pre1 / 2.0 if self.pre2 is None else self.pre2
        norm2 = min(last, _rounded(last) if self.norm2 is None else self.norm2)
        norm1 = min(25.0, _rounded(norm2 / 15.0)) if self.norm1 is None else self.norm1
        return pre1, pre2, min(norm1, norm2 - 2.0), norm2

    def degree(self, span: float) -> int:
        """Return the degree of the polynomial after the edge, over so many eV."""
        if self.nnorm is not None:
            return self.nnorm
        return 2 if span >= 300.0 else 1 if span >= 30.0 else 0


def _rounded(energy: float) -> float:
    return 5.0 * round(energy / 5.0)


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """Normalised spectra, ``(mu - line) / step``, and how they follow from mu.

    Line and step are linear in mu, ``theta = parts @ mu``, so that ``d norm = (d mu - basis · d theta) / step``
    with the basis ``(1, u, norm)`` carries the noise of mu exactly to first order, correlations included.

    Parameters
    ----------
    energy
        In eV, shape ``(points,)``.
    norm, before
        Normalised spectrum, and the line before the edge in the unit of mu, shape ``(n, points)`` each.
    step
        Edge step, shape ``(n, 1)``.
    e0
        In eV, shape ``(n, 1)``.
    variance
        Of mu, shape ``(n, points)``.
    basis
        Shape ``(n, 3, points)``.
    parts
        Shape ``(n, 3, points)``, or 1 in place of n where E0 is one.
    polynomial, powers
        Coefficients of the polynomial after the edge, shape ``(n, 1, degree + 1)``, and what they are of, shape
        ``(n, degree + 1, points)``, or 1 in place of n.
    """

    energy: Tensor
    norm: Tensor
    before: Tensor
    step: Tensor
    e0: Tensor
    variance: Tensor
    basis: Tensor
    parts: Tensor
    polynomial: Tensor
    powers: Tensor

    @property
    def after(self) -> Tensor:
        """Curve after the edge in the unit of mu, larch's ``post_edge``, shape ``(n, points)``."""
        return self.before + (self.polynomial @ self.powers)[:, 0]

    def gradient(self, weights: Tensor) -> Tensor:
        """Return how functionals ``weights @ norm`` follow mu, shape ``(n, m, points)`` to the same."""
        return (weights - (weights @ self.basis.mT) @ self.parts) / self.step[:, :, None]

    def covariance(self, weights: Tensor) -> Tensor:
        """Return the covariance of functionals of the spectrum, shape ``(n, m, points)`` to ``(n, m, m)``."""
        gradient = self.gradient(weights)
        return (gradient * self.variance[:, None, :]) @ gradient.mT

    def sigma(self) -> Tensor:
        """Return the standard deviation of each point of the spectrum, shape ``(n, points)``."""
        noise = self.parts * self.variance[:, None, :]
        theta = noise @ self.parts.mT
        spread = self.variance + (self.basis * torch.sub(theta @ self.basis, noise, alpha=2.0)).sum(1)
        return spread.clamp(min=0.0).sqrt() / self.step.abs()

    def step_sigma(self) -> Tensor:
        """Return the standard deviation of the edge step, shape ``(n,)``."""
        return (self.parts[:, 2] ** 2 * self.variance).sum(1).sqrt()


def normalise(energy: Tensor, mu: Tensor, variance: Tensor, e0: Tensor, windows: Windows) -> Normalised:
    """Return spectra with a line before the edge taken off, divided by the edge step.

    The step is what a polynomial through ``mu - line`` after the edge is at E0, as in larch [1]_.

    Parameters
    ----------
    energy
        In eV, ascending, shape ``(points,)``.
    mu, variance
        Absorption and its variance, shape ``(n, points)`` each.
    e0
        In eV, shape ``(n, 1)``, or ``(1, 1)`` for all.
    windows
        Where spectra are smooth.
    """
    grid, edges = energy.cpu().numpy(), e0[:, 0].tolist()
    ends, known = {edge: windows.ends(grid, edge) for edge in edges}, grid.tobytes()
    degree = windows.degree(min(high - low for _, _, low, high in ends.values()))
    maps = by_distinct(edges, lambda edge: _maps(known, edge, ends[edge], degree), energy.device)
    parts, along = maps[:, : degree + 4], maps[:, degree + 4 :]
    found = (parts @ mu[:, :, None]).mT
    before, step = (found[:, :, :2] @ along[:, :2])[:, 0], found[:, 0, 2:3]
    norm = (mu - before) / step
    basis = torch.cat([along[:, :2].expand(len(norm), -1, -1), norm[:, None]], 1)
    return Normalised(energy, norm, before, step, e0, variance, basis, parts[:, :3], found[:, :, 3:], along[:, 2:])


@lru_cache(maxsize=128)
def _maps(grid: bytes, e0: float, ends: tuple[float, float, float, float], degree: int) -> FloatArray:
    """Return what takes mu to its line, its step and the polynomial after the edge, and the powers that those need.

    Shape ``(2 + 1 + degree + 1 + 2 + degree + 1, points)``.
    """
    energy = np.frombuffer(grid)
    pre1, pre2, norm1, norm2 = (e0 + end for end in ends)
    line, along = window_rows(energy, pre1, pre2, 1), window_powers(energy, pre1, pre2, 1)
    curve = window_rows(energy, norm1, norm2, degree)
    curve -= (curve @ along.T) @ line
    to_step = window_powers(np.array([e0]), norm1, norm2, degree).T @ curve
    return np.concatenate([line, to_step, curve, along, window_powers(energy, norm1, norm2, degree)])


def steepest(energy: Tensor, mu: Tensor, half: float) -> Tensor:
    """Return the energies at which spectra rise most, points of the grid in eV, shape ``(n, 1)``.

    The slope is that of a line through all points within `half` eV, or through three neighbours where there are
    fewer; the outermost three points are left out.

    Parameters
    ----------
    energy
        In eV, ascending, shape ``(points,)``.
    mu
        Shape ``(n, points)``.
    half
        In eV.
    """
    host = _slopes(energy.cpu().numpy().tobytes(), half)
    along, less, more, begin, end = (torch.from_numpy(each).to(energy.device) for each in host)
    level = mu - mu[:, :1]
    sums = torch.stack([level, level * along]).cumsum(-1)
    plain, tilted = (sums[..., end] - sums[..., begin]).unbind()
    return energy[(tilted * more - plain * less).argmax(1) + _OUTER][:, None]


@lru_cache(maxsize=16)
def _slopes(grid: bytes, half: float) -> tuple[NDArray[Any], ...]:
    """Return what makes slopes of running sums of curves that begin with 0.

    They are x, two factors, and the places of the sums before and at the end of each window; shape ``(points,)``, of
    all but x without the outermost points.
    """
    energy = np.frombuffer(grid)
    points = len(energy)
    at = np.arange(points)
    first = np.minimum(np.searchsorted(energy, energy - half), (at - 1).clip(0))
    last = np.maximum(np.searchsorted(energy, energy + half, side="right"), (at + 2).clip(max=points))
    x = energy - energy.mean()
    sums = np.pad(np.stack([np.ones(points), x, x * x]).cumsum(1), ((0, 0), (1, 0)))
    count, total, squares = sums[:, last] - sums[:, first]
    scale = 1.0 / (squares - total**2 / count)
    inner = slice(_OUTER, points - _OUTER)
    return x, *(each[inner] for each in (total / count * scale, scale, (first - 1).clip(0), last - 1))
