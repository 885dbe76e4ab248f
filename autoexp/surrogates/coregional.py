"""Several outputs that tell of each other: the intrinsic coregionalisation model.

The covariance of output ``i`` at ``x`` and output ``j`` at ``x'`` is ``B_ij k(x, x')`` with ``B = w w' + diag(kappa)``
(M. A. Álvarez, L. Rosasco and N. D. Lawrence, Kernels for Vector-Valued Functions, 2012, section 4.2).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from autoexp.dofs import FloatArray
from autoexp.surrogates.kernels import PROFILES, Kernel
from autoexp.surrogates.linalg import inverse, solve, sturdy_cholesky
from autoexp.surrogates.parameters import lengthscale_prior, standardization

_LOG_LENGTHS = (math.log(0.01), math.log(100.0))
_LOG_KAPPAS = (math.log(1e-4), math.log(1e2))
_LOG_NOISES = (math.log(1e-6), 0.0)
_WEIGHTS = (-10.0, 10.0)
_LARGE = 1e10


@dataclass(frozen=True, slots=True)
class Outputs:
    """Values of several outputs, each at points of its own.

    Parameters
    ----------
    x
        Points in the unit cube, shape ``(n, d)``.
    output
        Which output each value is of, shape ``(n,)``, from zero on.
    y, variance
        Values, in their outputs' units, and their known variances (zero where not known), shape ``(n,)`` each.
    """

    x: FloatArray
    output: NDArray[np.intp]
    y: FloatArray
    variance: FloatArray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class Coregionalisation:
    """Hyper-parameters of the model.

    Parameters
    ----------
    lengthscales
        One per coordinate.
    weights, kappas
        ``w`` and ``kappa`` of ``B``, one per output.
    noises
        Variance of each output's values beside their known ones, standardised.
    offsets, scales
        Standardisation of each output, in its unit.
    profile
        Name of the kernel.
    """

    lengthscales: tuple[float, ...]
    weights: tuple[float, ...]
    kappas: tuple[float, ...]
    noises: tuple[float, ...]
    offsets: tuple[float, ...]
    scales: tuple[float, ...]
    profile: str = "matern52"

    @property
    def between(self) -> FloatArray:
        """The matrix ``B``, shape ``(outputs, outputs)``."""
        weights = np.array(self.weights)
        return np.outer(weights, weights) + np.diag(self.kappas)

    @property
    def kernel(self) -> Kernel:
        """The kernel over the unit cube, of unit variance."""
        return Kernel(np.array(self.lengthscales), 1.0, PROFILES[self.profile])


class CoregionalGP:
    """A Gaussian process of several outputs, at given hyper-parameters.

    Parameters
    ----------
    parameters
        See `fit_outputs`.
    data
        What it is conditioned on; at least one value.
    """

    def __init__(self, parameters: Coregionalisation, data: Outputs) -> None:
        self.parameters, self._x, self._output = parameters, data.x, data.output
        self._offsets, self._scales = np.array(parameters.offsets), np.array(parameters.scales)
        self._kernel, self._between = parameters.kernel, parameters.between
        scale = self._scales[data.output]
        y = (data.y - self._offsets[data.output]) / scale
        noise = np.array(parameters.noises)[data.output] + data.variance / scale**2
        covariance = self._between[np.ix_(data.output, data.output)] * self._kernel(data.x, data.x)
        self._factor = np.asfortranarray(sturdy_cholesky(covariance, noise))
        self._weights = solve(self._factor, solve(self._factor, y), transposed=True)

    def _cross(self, unit: FloatArray, output: int) -> FloatArray:
        return np.asarray(self._between[output][self._output] * self._kernel(unit, self._x))

    def posterior(self, unit: FloatArray, output: int) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of an output's noise-free value at ``(m, d)`` points, ``(m,)`` each."""
        cross = self._cross(unit, output)
        half = solve(self._factor, cross.T)
        variance = np.maximum(self._between[output, output] - np.einsum("ij,ij->j", half, half), 1e-12)
        scale = self._scales[output]
        return cross @ self._weights * scale + self._offsets[output], np.sqrt(variance) * scale

    def left_out(self) -> FloatArray:
        """Return by how many standard deviations each value differs from what all the others predict, shape ``(n,)``.

        See `autoexp.surrogates.exact.ExactGP.left_out`.
        """
        return np.asarray(self._weights / np.sqrt(np.diagonal(inverse(self._factor))))

    def covariance(self, a: FloatArray, of: int, b: FloatArray, and_of: int) -> FloatArray:
        """Return the posterior covariance of two outputs at ``(m, d)`` and ``(k, d)`` points, shape ``(m, k)``."""
        left, right = solve(self._factor, self._cross(a, of).T), solve(self._factor, self._cross(b, and_of).T)
        prior = self._between[of, and_of] * self._kernel(a, b)
        return np.asarray((prior - left.T @ right) * self._scales[of] * self._scales[and_of])


def fit_outputs(
    data: Outputs, outputs: int, *, profile: str = "matern52", iterations: int = 60, seed: int = 0
) -> Coregionalisation:
    """Return the hyper-parameters of greatest posterior density.

    With the priors of `autoexp.surrogates.fit` on the length scales, and normal ones on weights and on the
    logarithms of the rest; the gradient is analytic.

    Parameters
    ----------
    data
        At least one value.
    outputs
        How many there are; one without values yet is standardised as if it had mean zero and deviation one.
    profile
        Name of the kernel.
    iterations
        Cap on the iterations of each of the starts.
    seed
        Of the random start.
    """
    pairs = [
        standardization(data.y[data.output == index]) if (data.output == index).any() else (0.0, 1.0)
        for index in range(outputs)
    ]
    offsets, scales = (np.array(column) for column in zip(*pairs, strict=True))
    y = (data.y - offsets[data.output]) / scales[data.output]
    problem = _Problem(data.x, data.output, y, data.variance / scales[data.output] ** 2, outputs, profile)
    width, rng = data.x.shape[1], np.random.default_rng(seed)
    mode = lengthscale_prior(width).centre
    cold = np.concatenate([np.full(width, mode), np.full(outputs, 0.7), np.full(outputs, -1.0), np.full(outputs, -5.0)])
    signs = np.concatenate([np.ones(width), rng.choice([-1.0, 1.0], outputs), np.ones(2 * outputs)])
    best, lowest = cold, math.inf
    for start in (cold, cold * signs):
        found = minimize(
            problem, start, jac=True, method="L-BFGS-B", bounds=problem.bounds, options={"maxiter": iterations}
        )
        if found.fun < lowest:
            best, lowest = found.x, float(found.fun)
    lengths, weights, kappas, noises = problem.parted(best)
    return Coregionalisation(
        tuple(lengths.tolist()),
        tuple(weights.tolist()),
        tuple(kappas.tolist()),
        tuple(noises.tolist()),
        tuple(offsets.tolist()),
        tuple(scales.tolist()),
        profile,
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """Negative log posterior density of length scales, weights, kappas and noises, and its gradient."""

    x: FloatArray
    output: NDArray[np.intp]
    y: FloatArray
    variance: FloatArray
    outputs: int
    profile: str

    @property
    def bounds(self) -> list[tuple[float, float]]:
        count = self.outputs
        return [_LOG_LENGTHS] * self.x.shape[1] + [_WEIGHTS] * count + [_LOG_KAPPAS] * count + [_LOG_NOISES] * count

    def parted(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return length scales, weights, kappas and noises."""
        width, count = self.x.shape[1], self.outputs
        weights, logs = theta[width : width + count], np.exp(theta[width + count :])
        return np.exp(theta[:width]), weights, logs[:count], logs[count:]

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        lengths, weights, kappas, noises = self.parted(theta)
        kernel = Kernel(lengths, 1.0, PROFILES[self.profile])
        shape, slope = kernel.with_slope(self.x, self.x)
        mixed = (np.outer(weights, weights) + np.diag(kappas))[np.ix_(self.output, self.output)]
        total = mixed * shape + np.diag(noises[self.output] + self.variance)
        try:
            factor = np.linalg.cholesky(total)
        except np.linalg.LinAlgError:
            return _LARGE, np.zeros_like(theta)
        inverse = np.linalg.inv(factor)
        precision = inverse.T @ inverse
        alpha = precision @ self.y
        value = 0.5 * float(self.y @ alpha) + float(np.log(np.diagonal(factor)).sum())
        sensitivity = 0.5 * (precision - np.outer(alpha, alpha))
        gradient = self._gradient(sensitivity, shape, slope * mixed, lengths, weights, kappas, noises)
        prior, prior_gradient = self._prior(theta)
        return value + prior, gradient + prior_gradient

    def _gradient(
        self,
        sensitivity: FloatArray,
        shape: FloatArray,
        slope: FloatArray,
        lengths: FloatArray,
        weights: FloatArray,
        kappas: FloatArray,
        noises: FloatArray,
    ) -> FloatArray:
        pulled, weighted = sensitivity * slope, sensitivity * shape
        by_length = [
            float(np.vdot(pulled, np.square(column[:, None] - column[None, :]))) / length**2
            for column, length in zip(self.x.T, lengths, strict=True)
        ]
        member = np.eye(self.outputs)[self.output]
        by_pair = member.T @ weighted @ member
        by_noise = member.T @ np.diagonal(sensitivity) * noises
        return np.concatenate([by_length, 2.0 * by_pair @ weights, np.diagonal(by_pair) * kappas, by_noise])

    def _prior(self, theta: FloatArray) -> tuple[float, FloatArray]:
        width, count = self.x.shape[1], self.outputs
        lengths = lengthscale_prior(width)
        means = np.concatenate(
            [np.full(width, lengths.centre), np.zeros(count), np.full(count, -2.0), np.full(count, -5.0)]
        )
        widths = np.concatenate([np.full(width, lengths.spread), np.ones(count), np.full(2 * count, 1.5)])
        away = (theta - means) / widths
        return 0.5 * float(away @ away), away / widths
