"""Stationary kernels with a length scale per coordinate, and their derivatives in closed form.

Each is a function ``k`` of the squared scaled distance ``r2``. Its derivative is carried as
``g = -2 dk/dr2``, from which every other derivative follows: ``dk/d(log l) = g d**2 / l**2`` for
the length scale ``l`` of a coordinate with distance ``d``, and ``dk/dx = -g (x - x') / l**2``.
Formulas: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section 4.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray

_TOGETHER = 1 << 15
"""How many covariances are worked out at once: as many as stay in the cache."""

Profile = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Squared scaled distances to ``k`` and ``g = -2 dk/dr2``, for unit variance."""


def matern52(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Matérn kernel of smoothness 5/2."""
    root = 5.0 * r2
    np.sqrt(root, out=root)
    decay = np.negative(root)
    np.exp(decay, out=decay)
    slope = 1.0 + root
    root *= root
    root /= 3.0
    root += slope
    slope *= decay
    slope *= 5.0 / 3.0
    decay *= root
    return decay, slope


def matern32(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Matérn kernel of smoothness 3/2."""
    root = np.sqrt(3.0 * r2)
    decay = np.exp(-root)
    return (1.0 + root) * decay, 3.0 * decay


def rbf(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the squared exponential kernel."""
    decay = -0.5 * r2
    np.exp(decay, out=decay)
    return decay, decay


Contraction = Callable[[FloatArray], FloatArray]
"""Weights, shape ``(..., m, n)``, to ``sum_j w_ij dk(x_i, x_j)/dx_i``, shape ``(..., m, d)``."""


@dataclass(frozen=True, slots=True)
class Jet:
    """Covariances of ``m`` points with ``n`` columns, and what their gradients follow from.

    Parameters
    ----------
    cross
        Covariances, shape ``(m, n)``.
    contract
        Contracts their gradients in the points with weights.
    prior
        Variance at the points, shape ``(m,)``, or a number where it is the same everywhere.
    prior_gradient
        Its gradient, shape ``(m, d)``, or zero.
    """

    cross: FloatArray
    contract: Contraction
    prior: FloatArray | float
    prior_gradient: FloatArray | float = 0.0


PROFILES: Mapping[str, Profile] = {"matern52": matern52, "matern32": matern32, "rbf": rbf}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A stationary kernel.

    Parameters
    ----------
    lengthscales
        Shape ``(d,)``, in unit-cube coordinates.
    variance
        ``k(x, x)``.
    profile
        The kernel as a function of the squared scaled distance.
    """

    lengthscales: FloatArray
    variance: float = 1.0
    profile: Profile = matern52

    def columns(self, points: FloatArray) -> FloatArray:
        """Return ``(m, d)`` points in length scales, a row of ones and their squared norms, shape ``(d + 2, m)``."""
        columns = np.ones((points.shape[1] + 2, len(points)))
        np.divide(points.T, self.lengthscales[:, None], out=columns[:-2])
        np.einsum("ij,ij->j", columns[:-2], columns[:-2], out=columns[-1])
        return columns

    def squared_distance(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return squared scaled distances of ``(m, d)`` points and `columns`, shape ``(m, n)``."""
        return _squared_distance(x / self.lengthscales, columns)

    def cross(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` points and `columns`, shape ``(m, n)``."""
        covariance = self.squared_distance(x, columns)
        rows = max(1, _TOGETHER // max(1, covariance.shape[1]))
        for start in range(0, len(covariance), rows):
            part = covariance[start : start + rows]
            np.multiply(self.profile(part)[0], self.variance, out=part)
        return covariance

    def diagonal(self, x: FloatArray) -> float:
        """Return the prior variance at ``(m, d)`` points: everywhere the same."""
        return self.variance

    def jet(self, x: FloatArray, columns: FloatArray) -> Jet:
        """Return what `cross` returns, and what its gradient in `x` follows from."""
        inverse = 1.0 / self.lengthscales
        left = x * inverse
        value, slope = self.profile(_squared_distance(left, columns))
        inverse *= self.variance

        def contract(weights: FloatArray) -> FloatArray:
            pulls: FloatArray = (weights * slope) @ columns[:-1].T
            return np.asarray((pulls[..., :-1] - left * pulls[..., -1:]) * inverse)

        return Jet(value * self.variance, contract, self.variance)

    def with_slope(self, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return ``k`` and ``g`` of ``(m, d)`` and ``(n, d)`` points, shape ``(m, n)`` each."""
        value, slope = self.profile(self.squared_distance(a, self.columns(b)))
        return value * self.variance, slope * self.variance

    def __call__(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` and ``(n, d)`` points, shape ``(m, n)``."""
        return self.cross(a, self.columns(b))


def _squared_distance(left: FloatArray, columns: FloatArray) -> FloatArray:
    """Return squared distances of scaled points, shape ``(m, d)``, and columns, by one product."""
    extended = np.ones((len(left), len(columns)))
    np.multiply(left, -2.0, out=extended[:, :-2])
    np.vecdot(left, left, out=extended[:, -2])
    squared: FloatArray = extended @ columns
    return np.maximum(squared, 0.0, out=squared)
