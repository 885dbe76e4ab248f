"""Hyper-parameters of greatest posterior density, with analytic gradients from one inverse.

The likelihood is Rasmussen and Williams (2006), equations 5.8 and 5.9. The constant mean is
profiled out under a standard normal prior. Length scales have a dimension-scaled log-normal prior; see
`autoexp.surrogates.parameters.lengthscale_prior`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from autoexp.dofs import FloatArray
from autoexp.surrogates.kernels import PROFILES, Kernel
from autoexp.surrogates.linalg import cholesky, inverse
from autoexp.surrogates.parameters import (
    Data,
    LogNormal,
    Parameters,
    fewer,
    lengthscale_prior,
    noise_prior,
    standardization,
)

LENGTHSCALES = (0.01, 100.0)
"""Shortest and longest length scale, in the unit cube."""
_VARIANCES = (1e-3, 1e3)
_NOISES = (1e-7, 1.0)
_LARGE = 1e10


def fit(
    data: Data,
    previous: Parameters | None = None,
    *,
    seed: int = 0,
    profile: str = "matern52",
    lengths: LogNormal | None = None,
    starts: int = 3,
    iterations: int = 100,
    pause: Callable[[], None] | None = None,
) -> Parameters:
    """Return the hyper-parameters of greatest posterior density.

    Parameters
    ----------
    data
        One value or more; of more than a thousand a random thousand is fitted to.
    previous
        A fit to start from, beside the cold starts.
    seed
        Of the random cold start.
    profile
        Name of the kernel.
    lengths
        What to expect of each length scale; by default `autoexp.surrogates.parameters.lengthscale_prior`.
    starts
        How many starts, `previous` included.
    iterations
        Cap on the iterations of each start.
    pause
        Called before each look at the likelihood; it may block, so that something else goes first.
    """
    data = fewer(data, seed)
    offset, scale = standardization(data.y)
    width, noise = data.x.shape[1], noise_prior(data)
    lengths = lengthscale_prior(width) if lengths is None else lengths
    problem = _Problem(data.x, (data.y - offset) / scale, data.variance / scale**2, profile, lengths, noise, pause)
    guesses = _guesses(width, lengths, noise, previous, np.random.default_rng(seed))[:starts]
    best, lowest = guesses[0], math.inf
    for guess in guesses:
        found = minimize(
            problem, guess, jac=True, method="L-BFGS-B", bounds=problem.bounds, options={"maxiter": iterations}
        )
        if found.fun < lowest:
            best, lowest = found.x, float(found.fun)
    values = np.exp(best)
    return Parameters(
        tuple(values[:-2].tolist()), float(values[-2]), float(values[-1]), offset, scale, len(data), profile
    )


def _guesses(
    width: int, lengths: LogNormal, prior: LogNormal, previous: Parameters | None, rng: np.random.Generator
) -> list[FloatArray]:
    mode, noise = lengths.centre, prior.centre
    cold = np.array([*[mode] * width, 0.0, noise])
    scattered = np.array([*rng.normal(mode + 0.5, 0.7, width), 0.0, noise + rng.normal(0.0, 2.0)])
    short = np.array([*[mode - 0.7] * width, 0.0, noise - 4.0])
    guesses = [cold, scattered, short]
    if previous is not None and len(previous.lengthscales) == width:
        guesses.insert(0, np.log([*previous.lengthscales, previous.variance, previous.noise]))
    return guesses


@dataclass(frozen=True, slots=True)
class _Problem:
    """Negative log posterior density of log hyper-parameters, and its gradient."""

    x: FloatArray
    y: FloatArray
    variance: FloatArray
    profile: str
    lengths: LogNormal
    noise: LogNormal
    pause: Callable[[], None] | None = None

    @property
    def width(self) -> int:
        return int(self.x.shape[1])

    @property
    def bounds(self) -> list[tuple[float, float]]:
        ranges = [LENGTHSCALES] * self.width + [_VARIANCES, _NOISES]
        return [(math.log(low), math.log(high)) for low, high in ranges]

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        if self.pause is not None:
            self.pause()
        lengthscales, variance, noise = np.exp(theta[:-2]), math.exp(theta[-2]), math.exp(theta[-1])
        kernel = Kernel(lengthscales, variance, PROFILES[self.profile])
        covariance, slope = kernel.with_slope(self.x, self.x)
        size = len(self.y)
        total = covariance.copy()
        total.flat[:: size + 1] += noise + self.variance
        factor = cholesky(total)
        if factor is None:
            return _LARGE, np.zeros_like(theta)
        precision = inverse(factor)
        ones = precision.sum(axis=1)
        mean = float(ones @ self.y) / (float(ones.sum()) + 1.0)
        residual = self.y - mean
        weights = precision @ residual
        value = 0.5 * (float(residual @ weights) + mean**2) + float(np.log(np.diagonal(factor)).sum())
        sensitivity = precision - np.outer(weights, weights)
        gradient = np.empty_like(theta)
        gradient[:-2] = _lengthscale_gradient(self.x, sensitivity * slope, lengthscales)
        gradient[-2] = 0.5 * float(np.vdot(sensitivity, covariance))
        gradient[-1] = 0.5 * noise * float(np.trace(sensitivity))
        prior, prior_gradient = _prior(theta, self.lengths, self.noise)
        return value + prior, gradient + prior_gradient


def _lengthscale_gradient(x: FloatArray, weighted: FloatArray, lengthscales: FloatArray) -> FloatArray:
    """Return half of ``sum_ij w_ij (x_i - x_j)**2 / l**2`` per coordinate, for symmetric weights."""
    spread = weighted.sum(axis=1) @ np.square(x) - np.einsum("id,id->d", x, weighted @ x)
    return np.asarray(spread / np.square(lengthscales))


def _prior(theta: FloatArray, lengths: LogNormal, noise: LogNormal) -> tuple[float, FloatArray]:
    """Return the negative log prior density: normal in the log of every hyper-parameter."""
    width = len(theta) - 2
    centre = np.array([*[lengths.centre] * width, 0.0, noise.centre])
    spread = np.array([*[lengths.spread] * width, 1.5, noise.spread])
    distance = (theta - centre) / spread
    return 0.5 * float(distance @ distance), distance / spread
