"""What a Gaussian process is fitted to, and what the fit yields."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.surrogates.kernels import PROFILES, Kernel

ENOUGH = 1_000
"""How many values are enough to fit to."""


@dataclass(frozen=True, slots=True)
class Data:
    """Measured values of one field.

    Parameters
    ----------
    x
        Points in the unit cube, shape ``(n, d)``.
    y
        Values, in the field's unit, shape ``(n,)``.
    variance
        Known variance of each value, in the unit squared; zero where it is not known.
    """

    x: FloatArray
    y: FloatArray
    variance: FloatArray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Hyper-parameters of a Gaussian process with a constant mean.

    Parameters
    ----------
    lengthscales
        One per coordinate of the unit cube.
    variance, noise
        Of the kernel, and of each value beside its known variance, in units of ``scale**2``.
    offset, scale
        Standardisation of the values, in the field's unit.
    size
        Number of values that they were fitted to.
    profile
        Name of the kernel; ``"given"`` where it is one of GPyTorch, which alone knows its length scales.
    raw
        That kernel's own parameters, in its order, unconstrained.
    """

    lengthscales: tuple[float, ...]
    variance: float
    noise: float
    offset: float
    scale: float
    size: int
    profile: str = "matern52"
    raw: tuple[float, ...] = ()

    @property
    def kernel(self) -> Kernel:
        """The kernel that they describe."""
        return Kernel(np.array(self.lengthscales), self.variance, PROFILES[self.profile])


@dataclass(frozen=True, slots=True)
class LogNormal:
    """What a positive hyper-parameter is expected to be: centre and spread of its logarithm."""

    centre: float
    spread: float


_NOISE, _LEFT_OVER = LogNormal(-6.0, 2.0), LogNormal(-10.0, 2.0)
_WIDEST, _NARROWEST = math.sqrt(3.0), 0.5


def lengthscale_prior(width: int, *, chosen: bool = True) -> LogNormal:
    """Return what to expect of each of `width` length scales, in the unit cube.

    The most probable one grows with the dimension, as C. Hvarfner et al., Vanilla Bayesian Optimization Performs Great
    in High Dimensions (2024), have it. The spread is theirs for one and two coordinates, and for any number where
    nobody has `chosen` them because they matter, as with descriptors of a pool. Of chosen ones it is narrower the more
    there are, down to a half: so few points as one has cannot tell many length scales apart.
    """
    spread = max(_NARROWEST, _WIDEST * min(1.0, 2.0 / width)) if chosen else _WIDEST
    return LogNormal(math.sqrt(2.0) + 0.5 * math.log(width) - _WIDEST**2, spread)


def noise_prior(data: Data) -> LogNormal:
    """Return what to expect of the standardised noise beside the known one: little where most values have a sigma."""
    return _LEFT_OVER if len(data) and np.median(data.variance) > 0.0 else _NOISE


def alike(data: Data) -> bool:
    """Return whether no more than known noise tells the values apart, two at least.

    Then their chi-squared about the weighted mean is at most twice what is expected; where a sigma is not known, they
    are equal.
    """
    if len(data) < 2 or not (data.variance > 0.0).all():
        return len(data) > 1 and float(np.ptp(data.y)) == 0.0
    weights = 1.0 / data.variance
    mean = float(weights @ data.y) / float(weights.sum())
    return float(weights @ np.square(data.y - mean)) <= 2.0 * (len(data) - 1)


def fewer(data: Data, seed: int) -> Data:
    """Return what is enough to fit to: of more than a thousand values a random thousand."""
    if len(data) <= ENOUGH:
        return data
    chosen = np.sort(np.random.default_rng(seed).choice(len(data), ENOUGH, replace=False))
    return Data(data.x[chosen], data.y[chosen], data.variance[chosen])


def parameters_of(row: Mapping[str, Any]) -> Parameters:
    """Return hyper-parameters from the plain data that `dataclasses.asdict` makes of them, stored as text or not."""
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Parameters(**known)


def standardization(y: FloatArray) -> tuple[float, float]:
    """Return offset and scale that give `y` zero mean and unit deviation."""
    offset = float(np.mean(y))
    scale = float(np.std(y, ddof=1)) if len(y) > 1 else 0.0
    negligible = 1e-12 * max(abs(offset), 1e-200)
    return offset, scale if scale > negligible else max(abs(offset), 1.0)
