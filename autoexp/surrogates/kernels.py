"""Stationary kernels with a length scale per coordinate, and their derivatives in closed form.

Each is a function ``k`` of the squared scaled distance ``r2``. Its derivative is carried as
``g = -2 dk/dr2``, from which every other derivative follows: ``dk/d(log l) = g d**2 / l**2`` for
the length scale ``l`` of a coordinate with distance ``d``, and ``dk/dx = -g (x - x') / l**2``.
Formulas: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section 4.2.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray

Profile = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Squared scaled distances to ``k`` and ``g = -2 dk/dr2``, for unit variance."""


def matern52(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Matérn kernel of smoothness 5/2."""
    root = np.sqrt(5.0 * r2)
    decay = np.exp(-root)
    slope = (1.0 + root) * decay
    slope *= 5.0 / 3.0
    decay *= 1.0 + root + root * root / 3.0
    return decay, slope


def matern32(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Matérn kernel of smoothness 3/2."""
    root = np.sqrt(3.0 * r2)
    decay = np.exp(-root)
    return (1.0 + root) * decay, 3.0 * decay


def rbf(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the squared exponential kernel."""
    decay = np.exp(-0.5 * r2)
    return decay, decay


PROFILES: Mapping[str, Profile] = {"matern52": matern52, "matern32": matern32, "rbf": rbf}


@dataclass(frozen=True, slots=True)
class ScaledPoints:
    """Points in length scales, coordinate by coordinate, shape ``(d, m)``, and their squared norms, ``(m,)``."""

    columns: FloatArray
    norms: FloatArray


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

    def scaled(self, points: FloatArray) -> ScaledPoints:
        """Return ``(n, d)`` points prepared for `squared_distance`."""
        columns = np.ascontiguousarray((points / self.lengthscales).T)
        return ScaledPoints(columns, np.einsum("ij,ij->j", columns, columns))

    def squared_distance(self, a: FloatArray, b: FloatArray | ScaledPoints) -> FloatArray:
        """Return squared scaled distances of ``(m, d)`` and ``(n, d)`` points, shape ``(m, n)``."""
        prepared = b if isinstance(b, ScaledPoints) else self.scaled(b)
        left = a / self.lengthscales
        squared: FloatArray = (-2.0 * left) @ prepared.columns
        squared += prepared.norms
        squared += np.vecdot(left, left)[:, None]
        return np.maximum(squared, 0.0, out=squared)

    def with_slope(self, a: FloatArray, b: FloatArray | ScaledPoints) -> tuple[FloatArray, FloatArray]:
        """Return ``k`` and ``g``, shape ``(m, n)`` each."""
        value, slope = self.profile(self.squared_distance(a, b))
        return value * self.variance, slope * self.variance

    def __call__(self, a: FloatArray, b: FloatArray | ScaledPoints) -> FloatArray:
        """Return the covariance of ``(m, d)`` and ``(n, d)`` points, shape ``(m, n)``."""
        value = self.profile(self.squared_distance(a, b))[0]
        return np.multiply(value, self.variance, out=value)

    def gradient(self, a: FloatArray, b: FloatArray, slope: FloatArray, weights: FloatArray) -> FloatArray:
        """Return ``sum_j w_ij dk(a_i, b_j)/da_i`` for weights of shape ``(m, n)`` or ``(n,)``; shape ``(m, d)``."""
        weighted = slope * weights
        pull: FloatArray = weighted @ b - a * weighted.sum(axis=1, keepdims=True)
        return pull / np.square(self.lengthscales)


def lengthscale_mode(width: int) -> float:
    """Return the log of the prior's most probable length scale (Hvarfner et al., 2024)."""
    return math.sqrt(2.0) + 0.5 * math.log(width) - 3.0
