"""How much a point is expected to add to what a set of compromises dominates."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autoexp.acquisition.scores import log_improvement_quickly
from autoexp.dofs import FloatArray


def nondominated(values: FloatArray) -> NDArray[np.bool_]:
    """Return which of ``(n, k)`` rows no other surpasses in one value without falling behind in another.

    All values are to be made large. Of equal rows the first counts.
    """
    keep = np.ones(len(values), dtype=bool)
    for index, row in enumerate(values):
        no_worse = (values >= row).all(axis=1)
        better = no_worse & (values > row).any(axis=1)
        same_before = no_worse[:index] & (values[:index] == row).all(axis=1)
        keep[index] = not better.any() and not same_before.any()
    return keep


def hypervolume(front: FloatArray, reference: FloatArray) -> float:
    """Return the volume between `reference`, shape ``(k,)``, and ``(n, k)`` points, by slices along the first value."""
    inside = front[(front > reference).all(axis=1)]
    if not len(inside):
        return 0.0
    if inside.shape[1] == 1:
        return float(inside.max() - reference[0])
    total, above = 0.0, reference[0]
    for edge in np.unique(inside[:, 0]):
        total += (edge - above) * hypervolume(inside[inside[:, 0] >= edge][:, 1:], reference[1:])
        above = edge
    return total


@dataclass(frozen=True, slots=True)
class Cells:
    """A partition of what no point of a front dominates into boxes.

    Parameters
    ----------
    low, high
        Corners, shape ``(c, k)``; `high` may be infinite.
    """

    low: FloatArray
    high: FloatArray


def cells(front: FloatArray, reference: FloatArray) -> Cells:
    """Return the boxes above `reference`, shape ``(k,)``, that no row of `front`, shape ``(n, k)``, dominates.

    For one value it is what lies above the largest, for two they are strips between neighbours; for
    more, those of BoTorch's `FastNondominatedPartitioning` (Lacour et al., A box decomposition
    algorithm to compute the hypervolume indicator, 2017).
    """
    inside = front[(front > reference).all(axis=1)]
    inside = inside[nondominated(inside)]
    if len(reference) == 1:
        low = inside.max(axis=0) if len(inside) else reference
        return Cells(low[None, :], np.full((1, 1), np.inf))
    if len(reference) == 2:
        return _strips(inside, reference)
    import torch
    from botorch.utils.multi_objective.box_decompositions import FastNondominatedPartitioning

    parts = FastNondominatedPartitioning(torch.as_tensor(reference), torch.as_tensor(inside))
    bounds = parts.get_hypercell_bounds().numpy()
    return Cells(bounds[0], bounds[1])


def _strips(front: FloatArray, reference: FloatArray) -> Cells:
    front = front[np.argsort(front[:, 0])]
    edges = np.concatenate([reference[:1], front[:, 0], [np.inf]])
    floors = np.concatenate([front[:, 1], reference[1:]])
    low = np.column_stack([edges[:-1], floors])
    high = np.column_stack([edges[1:], np.full(len(floors), np.inf)])
    return Cells(low, high)


def log_hypervolume_improvement(mean: FloatArray, sigma: FloatArray, parts: Cells) -> FloatArray:
    """Return the log of the expected hypervolume improvement, shape ``(m,)``.

    For independent normal values the expected volume within a box is a product of differences of
    expected ramps, ``E(y - low)+ - E(y - high)+`` (Emmerich et al., The computation of the expected
    improvement in dominated hypervolume of Pareto front approximations, 2008; Yang et al., 2019),
    added here in logarithms so that points far from the front can still be compared (Ament et al., 2023).

    Parameters
    ----------
    mean, sigma
        Posterior of each value, to be made large, shape ``(m, k)``.
    parts
        Of what is not dominated yet.
    """
    total, ramps = np.full(len(mean), -np.inf), [_log_ramps(*each) for each in zip(mean.T, sigma.T, strict=True)]
    for low, high in zip(parts.low.tolist(), parts.high.tolist(), strict=True):
        volume = np.zeros(len(mean))
        for ramp, start, end in zip(ramps, low, high, strict=True):
            volume += ramp(start)
            if math.isfinite(end):
                volume += np.log(-np.expm1(np.minimum(ramp(end) - ramp(start), -1e-12)))
        total = np.logaddexp(total, volume)
    return total


def _log_ramps(mean: FloatArray, sigma: FloatArray) -> Callable[[float], FloatArray]:
    """Return what gives ``log E(y - edge)+``, shape ``(m,)``, and keeps it, for boxes share their edges."""
    log_sigma = np.log(sigma)
    return functools.cache(lambda edge: log_improvement_quickly((mean - edge) / sigma) + log_sigma)
