"""Absorption spectra between 0 before the edge and 1 after it, with what their noise does to that.

References
----------
.. [1] M. Newville, J. Phys.: Conf. Ser. 430, 012007 (2013): Larch, whose ``pre_edge`` this follows.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.polynomials import LocalPolynomials


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

    def before(self, energy: Tensor, e0: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ends of the window before the edge in eV from E0, shape ``(n, 1)`` each."""
        low = _rounded(energy[1] - e0) if self.pre1 is None else torch.full_like(e0, self.pre1)
        low = torch.maximum(low, energy[0] - e0)
        return low, low / 2.0 if self.pre2 is None else torch.full_like(e0, self.pre2)

    def after(self, energy: Tensor, e0: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ends of the window after the edge in eV from E0, shape ``(n, 1)`` each."""
        high = _rounded(energy[-1] - e0) if self.norm2 is None else torch.full_like(e0, self.norm2)
        high = torch.minimum(high, energy[-1] - e0)
        low = _rounded(high / 15.0).clamp(max=25.0) if self.norm1 is None else torch.full_like(e0, self.norm1)
        return torch.minimum(low, high - 2.0), high

    def degree(self, low: Tensor, high: Tensor) -> int:
        """Return the degree of the polynomial over the window after the edge."""
        if self.nnorm is not None:
            return self.nnorm
        span = float((high - low).min())
        return 2 if span >= 300.0 else 1 if span >= 30.0 else 0


def _rounded(energy: Tensor) -> Tensor:
    return 5.0 * torch.round(energy / 5.0)


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """Normalised spectra, ``(mu - line) / step``, and how they follow from mu.

    Line and step are linear in mu, ``theta = parts @ mu``, so that ``d norm = (d mu - basis · d theta) / step``
    with the basis ``(1, u, norm)`` carries the noise of mu exactly to first order, correlations included.

    Parameters
    ----------
    energy
        In eV, shape ``(points,)``.
    norm, before, after
        Normalised spectrum, line before the edge and curve after it, shape ``(n, points)`` each; `after` as larch
        has it, in the unit of mu.
    step
        Edge step, shape ``(n, 1)``.
    e0
        In eV, shape ``(n, 1)``.
    variance
        Of mu, shape ``(n, points)``.
    basis
        Shape ``(n, 3, points)``.
    parts
        Shape ``(n, 3, points)``.
    """

    energy: Tensor
    norm: Tensor
    before: Tensor
    after: Tensor
    step: Tensor
    e0: Tensor
    variance: Tensor
    basis: Tensor
    parts: Tensor

    def gradient(self, weights: Tensor) -> Tensor:
        """Return how functionals ``weights @ norm`` follow mu, shape ``(n, m, points)`` to the same."""
        return (weights - (weights @ self.basis.mT) @ self.parts) / self.step[:, :, None]

    def covariance(self, weights: Tensor) -> Tensor:
        """Return the covariance of functionals of the spectrum, shape ``(n, m, points)`` to ``(n, m, m)``."""
        gradient = self.gradient(weights)
        return (gradient * self.variance[:, None, :]) @ gradient.mT

    def sigma(self) -> Tensor:
        """Return the standard deviation of each point of the spectrum, shape ``(n, points)``."""
        own = self.variance * (1.0 - 2.0 * (self.basis * self.parts).sum(1))
        theta = (self.parts * self.variance[:, None, :]) @ self.parts.mT
        spread = own + (self.basis * (theta @ self.basis)).sum(1)
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
    low, high = windows.before(energy, e0)
    line = LocalPolynomials.over(energy, e0 + low, e0 + high, 1)
    low, high = windows.after(energy, e0)
    curve = LocalPolynomials.over(energy, e0 + low, e0 + high, windows.degree(low, high))
    to_step = curve.basis(e0).mT @ curve.rows
    along = line.basis(energy.expand(len(e0), -1))
    to_step = to_step - (to_step @ along.mT) @ line.rows
    parts = torch.cat([line.rows, to_step], 1)
    found = (parts @ mu[:, :, None])[:, :, 0]
    before, step = (found[:, None, :2] @ along)[:, 0], found[:, 2:]
    above = mu - before
    after = before + (curve.coefficients(above)[:, None, :] @ curve.basis(energy))[:, 0]
    norm = above / step
    basis = torch.cat([along.expand(len(norm), -1, -1), norm[:, None]], 1)
    return Normalised(energy, norm, before, after, step, e0, variance, basis, parts)


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
    points, at = len(energy), torch.arange(len(energy), device=energy.device)
    x = energy - energy.mean()
    first = torch.minimum(torch.searchsorted(x, x - half), (at - 1).clamp(min=0))
    last = torch.maximum(torch.searchsorted(x, x + half, right=True), (at + 2).clamp(max=points))
    count = (last - first).to(x.dtype)
    mean, square = (_moving(values, first, last) / count for values in (x, x * x))
    level = mu - mu.mean(1, keepdim=True)
    product = _moving(level * x, first, last) / count - mean * _moving(level, first, last) / count
    slope = product / (square - mean * mean)
    slope[:, :3] = slope[:, points - 3 :] = -math.inf
    return energy[slope.argmax(1)][:, None]


def _moving(values: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Return sums from `first` up to `last`, along the last dimension."""
    sums = torch.nn.functional.pad(values.cumsum(-1), (1, 0))
    return sums[..., last] - sums[..., first]
