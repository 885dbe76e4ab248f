"""What a batch of points is worth, by values drawn from the posterior together; and knowledge gained."""

from typing import Any

import numpy as np
from scipy.special import ndtr
from scipy.stats import qmc

from autoexp.acquisition.scores import log_density
from autoexp.dofs import FloatArray
from autoexp.surrogates.conditioned import Model
from autoexp.surrogates.linalg import sturdy_cholesky

_JITTER = 1e-8
_SLIVER = 1e-12


def draw(model: Model, unit: FloatArray, count: int, seed: int | list[int]) -> FloatArray:
    """Return values at ``(m, d)`` points drawn from the posterior together, shape ``(count, m)``.

    By scrambled Sobol points as far as they have dimensions, by random ones beyond.
    """
    mean, _ = model.posterior(unit)
    jitter = np.full(len(unit), _JITTER * model.parameters.variance * model.parameters.scale**2)
    factor = sturdy_cholesky(model.covariance(unit, unit), jitter)
    return np.asarray(mean + _normals(count, len(unit), seed) @ factor.T)


def _normals(count: int, size: int, seed: int | list[int]) -> FloatArray:
    from scipy.special import ndtri

    rng = np.random.default_rng(seed)
    if size > qmc.Sobol.MAXDIM:
        return rng.standard_normal((count, size))
    points = qmc.Sobol(size, scramble=True, rng=rng).random(1 << max(0, (count - 1).bit_length()))[:count]
    return np.asarray(ndtri(np.clip(points, _SLIVER, 1.0 - _SLIVER)))


def joint_gains(values: FloatArray, base: FloatArray) -> FloatArray:
    """Return by how much each of ``m`` points is expected to raise the best of a batch, shape ``(m,)``.

    Parameters
    ----------
    values
        Of the points, drawn together, shape ``(s, m)``; the higher, the better.
    base
        Best value without the point, of the same draws, shape ``(s,)``.
    """
    return np.asarray(np.maximum(values - base[:, None], 0.0).mean(axis=0))


def expected_maximum(means: FloatArray, slopes: FloatArray) -> float:
    """Return the expected maximum of lines ``means + slopes z`` for a standard normal ``z``, less the greatest mean.

    Frazier, Powell and Dayanik, The Knowledge-Gradient Policy for Correlated Normal Beliefs (2009), algorithm 1: the
    upper envelope of the lines, and the expected improvement at each of its corners.

    Parameters
    ----------
    means, slopes
        Shape ``(k,)`` each.
    """
    grain = _SLIVER * max(float(np.abs(slopes).max()), 1e-300)
    rounded = np.rint(slopes / grain) * grain
    order = np.lexsort((means, rounded))
    a, b = means[order], rounded[order]
    steepest = np.append(np.diff(b) > 0, True)
    lines = list(zip(a[steepest].tolist(), b[steepest].tolist(), strict=True))
    kept, corners = lines[:1], list[float]()
    for mean, slope in lines[1:]:
        corner = (kept[-1][0] - mean) / (slope - kept[-1][1])
        while corners and corner <= corners[-1]:
            kept.pop()
            corners.pop()
            corner = (kept[-1][0] - mean) / (slope - kept[-1][1])
        kept.append((mean, slope))
        corners.append(corner)
    if not corners:
        return 0.0
    at, rise = -np.abs(np.array(corners)), np.diff([slope for _, slope in kept])
    return float(rise @ (np.exp(log_density(at)) + at * ndtr(at)))


def knowledge_gradient(
    model: Model, unit: FloatArray, ends: FloatArray, noise: Any = 0.0, sign: float = 1.0
) -> FloatArray:
    """Return by how much a value at each of ``m`` points is expected to raise the best posterior mean, shape ``(m,)``.

    Parameters
    ----------
    model
        Of the value.
    unit
        Where a value would be taken, shape ``(m, d)``.
    ends
        Among which points the best is sought afterwards, shape ``(k, d)``; the point itself counts too.
    noise
        Variance of the value, in the field's unit squared, shape ``(m,)`` or one for all.
    sign
        1 to maximize, -1 to minimize.
    """
    mean, sigma = model.posterior(unit)
    spread = np.sqrt(np.square(sigma) + noise)
    slopes = sign * model.covariance(unit, ends) / spread[:, None]
    own = sign * np.square(sigma) / spread
    end_means = sign * model.posterior(ends)[0]
    gains = np.empty(len(unit))
    for index in range(len(unit)):
        means = np.append(end_means, sign * mean[index])
        gains[index] = expected_maximum(means, np.append(slopes[index], own[index])) + means.max() - end_means.max()
    return gains


def knowledge_gains(means: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return by how much each of ``m`` values is expected to raise the best of ``k`` means, shape ``(m,)``.

    Parameters
    ----------
    means
        Of the places among which is the best, shape ``(k,)``; the higher, the better.
    slopes
        By how much they rise where a value is one standard deviation higher than predicted, shape ``(m, k)``.
    """
    return np.array([expected_maximum(means, row) for row in slopes])
