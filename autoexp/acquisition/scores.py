"""Scores of a normal posterior, with their derivatives in its mean and standard deviation."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr

from autoexp.dofs import FloatArray

_LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class Scored:
    """Score of ``m`` points and its derivatives in their mean and sigma, shape ``(m,)`` each."""

    value: FloatArray
    d_mean: FloatArray
    d_sigma: FloatArray


def log_density(u: FloatArray) -> FloatArray:
    """Return the log of the standard normal density."""
    return -0.5 * np.square(u) - _LOG_ROOT_TWO_PI


def log_improvement(u: FloatArray) -> FloatArray:
    """Return ``log(phi(u) + u Phi(u))`` without loss of precision.

    Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization (2023),
    equation 9; beyond 300 sigmas by the asymptotic series.
    """
    u = np.asarray(u, dtype=float)
    result = np.empty_like(u)
    near, far = u > -1.0, u < -300.0
    middle = ~(near | far)
    v = u[near]
    result[near] = np.log(np.exp(log_density(v)) + v * np.exp(log_ndtr(v)))
    v = u[middle]
    result[middle] = log_density(v) + np.log1p(v * math.sqrt(0.5 * math.pi) * erfcx(-v * math.sqrt(0.5)))
    v = np.abs(u[far])
    result[far] = log_density(v) - 2.0 * np.log(v) + np.log1p(-3.0 / np.square(v))
    return result


@dataclass(frozen=True, slots=True)
class Improvement:
    """Log expected improvement over `best` (Ament et al., 2023).

    Parameters
    ----------
    best
        Value to improve on, in the field's unit.
    sign
        1 to maximize, -1 to minimize.
    """

    best: float
    sign: float = 1.0
    rule = "LogEI"

    def __call__(self, mean: FloatArray, sigma: FloatArray) -> Scored:
        """Score ``m`` points, shape ``(m,)`` each."""
        u = self.sign * (mean - self.best) / sigma
        log_h = log_improvement(u)
        d_mean = self.sign * np.exp(log_ndtr(u) - log_h) / sigma
        d_sigma = np.exp(log_density(u) - log_h) / sigma
        return Scored(log_h + np.log(sigma), d_mean, d_sigma)


@dataclass(frozen=True, slots=True)
class TargetImprovement:
    """Log expected reduction of the distance to `target` below `distance`.

    The improvement ``max(0, distance - |y - target|)`` is a second difference of ramps, so its
    expectation is one of the expected improvement's ``h(u) = phi(u) + u Phi(u)``.
    """

    target: float
    distance: float
    rule = "LogEI of the distance"

    def __call__(self, mean: FloatArray, sigma: FloatArray) -> Scored:
        """Score ``m`` points, shape ``(m,)`` each."""
        side = np.where(mean > self.target, -1.0, 1.0)
        centre = -np.abs(mean - self.target) / sigma
        reach = np.maximum(self.distance / sigma, 1e-5)
        ramps = (centre + reach, centre, centre - reach)
        factors = (1.0, -2.0, 1.0)
        scale = log_improvement(ramps[0])
        total = sum(f * np.exp(log_improvement(u) - scale) for f, u in zip(factors, ramps, strict=True))
        total = np.maximum(total, 1e-12)
        slope = sum(f * np.exp(log_ndtr(u) - scale) for f, u in zip(factors, ramps, strict=True))
        spread = sum(f * np.exp(log_density(u) - scale) for f, u in zip(factors, ramps, strict=True))
        value = scale + np.log(total) + np.log(sigma)
        return Scored(value, side * slope / (total * sigma), spread / (total * sigma))


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Log of the posterior standard deviation: where least is known."""

    rule = "sigma"

    def __call__(self, mean: FloatArray, sigma: FloatArray) -> Scored:
        """Score ``m`` points, shape ``(m,)`` each."""
        return Scored(np.log(sigma), np.zeros_like(mean), 1.0 / sigma)


@dataclass(frozen=True, slots=True)
class Straddle:
    """``width sigma - |mean - level|``: where it is least certain on which side of `level` a value lies.

    Bryan et al., Active learning for identifying function threshold boundaries (2005).

    Parameters
    ----------
    level
        In the field's unit.
    scale
        Unit of the score, in the field's unit, so that it can be added to a log probability.
    width
        Sigmas to either side.
    """

    level: float
    scale: float = 1.0
    width: float = 1.96
    rule = "straddle"

    def __call__(self, mean: FloatArray, sigma: FloatArray) -> Scored:
        """Score ``m`` points, shape ``(m,)`` each."""
        distance = mean - self.level
        value = (self.width * sigma - np.abs(distance)) / self.scale
        return Scored(value, -np.sign(distance) / self.scale, np.full_like(sigma, self.width / self.scale))


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Log probability that a value lies between `low` and `high` (Gardner et al., 2014)."""

    low: float = -math.inf
    high: float = math.inf
    rule = "feasibility"

    def __call__(self, mean: FloatArray, sigma: FloatArray) -> Scored:
        """Score ``m`` points, shape ``(m,)`` each."""
        below, above = (self.low - mean) / sigma, (self.high - mean) / sigma
        flip = below > 0.0
        left, right = np.where(flip, -above, below), np.where(flip, -below, above)
        log_right = log_ndtr(right)
        log_p = log_right + np.log1p(-np.minimum(np.exp(log_ndtr(left) - log_right), 1.0 - 1e-12))
        at_low, at_high = np.exp(log_density(below) - log_p), np.exp(log_density(above) - log_p)
        pull_low = np.where(np.isfinite(below), below, 0.0) * at_low
        pull_high = np.where(np.isfinite(above), above, 0.0) * at_high
        return Scored(log_p, (at_low - at_high) / sigma, (pull_low - pull_high) / sigma)
