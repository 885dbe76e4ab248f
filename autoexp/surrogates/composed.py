"""Kernels made of others: periodic ones, sums and products.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), sections 4.2.3 and 4.2.4.
"""

import math
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.surrogates.covariance import Covariance
from autoexp.surrogates.kernels import Jet, Kernel, Profile, rbf


@dataclass(frozen=True, slots=True)
class Periodic:
    """A kernel that repeats itself along every coordinate.

    Each coordinate ``x`` is laid on a circle, ``(cos, sin)(2 pi x / period)``, and a stationary kernel
    taken of the points there; of the squared exponential one this makes
    ``exp(-2 sin(pi (x - x') / period)**2 / l**2)`` (MacKay, Introduction to Gaussian processes, 1998).

    Parameters
    ----------
    periods
        Shape ``(d,)``, in unit-cube coordinates.
    lengthscales
        On the circle of unit radius, shape ``(d,)``.
    variance
        ``k(x, x)``.
    profile
        The kernel on the circle as a function of the squared scaled distance.
    """

    periods: FloatArray
    lengthscales: FloatArray
    variance: float = 1.0
    profile: Profile = rbf

    @property
    def _around(self) -> Kernel:
        return Kernel(np.repeat(self.lengthscales, 2), self.variance, self.profile)

    def _wound(self, x: FloatArray) -> FloatArray:
        angle = 2.0 * math.pi * x / self.periods
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(x), 2 * x.shape[1])

    def columns(self, points: FloatArray) -> FloatArray:
        """Return ``(n, d)`` points prepared for `cross` and `jet`, shape ``(2 d + 2, n)``."""
        return self._around.columns(self._wound(points))

    def cross(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` points and `columns`, shape ``(m, n)``."""
        return self._around.cross(self._wound(x), columns)

    def diagonal(self, x: FloatArray) -> float:
        """Return the variance: everywhere the same."""
        return self.variance

    def jet(self, x: FloatArray, columns: FloatArray) -> Jet:
        """Return what `cross` returns, and what its gradient in `x` follows from."""
        wound = self._wound(x)
        inner = self._around.jet(wound, columns)
        cosine, sine = wound[:, 0::2], wound[:, 1::2]
        speed = 2.0 * math.pi / self.periods

        def contract(weights: FloatArray) -> FloatArray:
            pulls = inner.contract(weights)
            return np.asarray((pulls[..., 1::2] * cosine - pulls[..., 0::2] * sine) * speed)

        return Jet(inner.cross, contract, self.variance)


@dataclass(frozen=True, slots=True)
class Sum:
    """What two independent landscapes give together.

    Parameters
    ----------
    first, second
        Their kernels.
    """

    first: Covariance
    second: Covariance

    def columns(self, points: FloatArray) -> FloatArray:
        """Return ``(n, d)`` points prepared for `cross` and `jet`, both's columns."""
        return _stacked(self.first, self.second, points)

    def cross(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` points and `columns`, shape ``(m, n)``."""
        upper, lower = _parted(self.first, columns, x)
        return self.first.cross(x, upper) + self.second.cross(x, lower)

    def diagonal(self, x: FloatArray) -> FloatArray | float:
        """Return the variance at ``(m, d)`` points."""
        return self.first.diagonal(x) + self.second.diagonal(x)

    def jet(self, x: FloatArray, columns: FloatArray) -> Jet:
        """Return what `cross` returns, and what its gradient in `x` follows from."""
        upper, lower = _parted(self.first, columns, x)
        a, b = self.first.jet(x, upper), self.second.jet(x, lower)
        prior, prior_gradient = a.prior + b.prior, a.prior_gradient + b.prior_gradient
        return Jet(a.cross + b.cross, lambda weights: a.contract(weights) + b.contract(weights), prior, prior_gradient)


@dataclass(frozen=True, slots=True)
class Product:
    """One landscape modulated by another.

    Parameters
    ----------
    first, second
        Their kernels.
    """

    first: Covariance
    second: Covariance

    def columns(self, points: FloatArray) -> FloatArray:
        """Return ``(n, d)`` points prepared for `cross` and `jet`, both's columns."""
        return _stacked(self.first, self.second, points)

    def cross(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` points and `columns`, shape ``(m, n)``."""
        upper, lower = _parted(self.first, columns, x)
        return self.first.cross(x, upper) * self.second.cross(x, lower)

    def diagonal(self, x: FloatArray) -> FloatArray | float:
        """Return the variance at ``(m, d)`` points."""
        return self.first.diagonal(x) * self.second.diagonal(x)

    def jet(self, x: FloatArray, columns: FloatArray) -> Jet:
        """Return what `cross` returns, and what its gradient in `x` follows from."""
        upper, lower = _parted(self.first, columns, x)
        a, b = self.first.jet(x, upper), self.second.jet(x, lower)

        def contract(weights: FloatArray) -> FloatArray:
            return a.contract(weights * b.cross) + b.contract(weights * a.cross)

        return Jet(a.cross * b.cross, contract, a.prior * b.prior, _product_gradient(a, b))


def _product_gradient(a: Jet, b: Jet) -> FloatArray | float:
    one = a.prior_gradient * np.expand_dims(b.prior, -1) if np.ndim(a.prior_gradient) else 0.0
    other = b.prior_gradient * np.expand_dims(a.prior, -1) if np.ndim(b.prior_gradient) else 0.0
    return one + other


def _stacked(first: Covariance, second: Covariance, points: FloatArray) -> FloatArray:
    return np.vstack([first.columns(points), second.columns(points)])


def _parted(first: Covariance, columns: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    height = len(first.columns(x[:0]))
    return columns[:height], columns[height:]
