"""Nonlinear least squares for a few curves, one after another in numpy.

The steps are those of `autoexp.reduction.least_squares`, where for so few the calls into torch would cost most.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.linalg.lapack import dposv
from torch import Tensor

from autoexp.reduction.least_squares import Fitted, inverse
from autoexp.reduction.records import FloatArray

FEW = 8
"""Curves up to which this is the faster way."""

Model = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Where a curve is known, shape ``(points,)``, and parameters, shape ``(k,)``, to the curve, shape ``(points,)``, and
its derivatives, shape ``(k, points)``."""


def fit_few(
    model: Model,
    start: Tensor,
    bounds: tuple[Tensor, Tensor],
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    *,
    rounds: int = 60,
) -> Fitted:
    """Return what `autoexp.reduction.least_squares.fit` would, of curves on the CPU in float64.

    Parameters
    ----------
    model
        With analytic derivatives.
    start, bounds
        First guess, and lowest and highest value of each parameter, shape ``(n, k)`` each.
    x, y, weights
        Where the curves are known, the curves, and one over their variances; weight 0 leaves a point out. Shape
        ``(n, points)`` each.
    rounds
        Steps after which a curve that still changes is given up.
    """
    columns = (each.numpy() for each in (start, *bounds, x, y, weights))
    fitted = [_fit_one(model, rounds, *each) for each in zip(*columns, strict=True)]
    parameters, curvature, chi_square, converged = zip(*fitted, strict=True)
    gram, least = torch.from_numpy(np.stack(curvature)), torch.tensor(chi_square, dtype=torch.float64)
    freedom = (weights > 0).sum(1) - start.shape[1]
    return Fitted(torch.from_numpy(np.stack(parameters)), inverse(gram), gram, least, freedom, torch.tensor(converged))


def _fit_one(
    model: Model,
    rounds: int,
    start: FloatArray,
    low: FloatArray,
    high: FloatArray,
    x: FloatArray,
    y: FloatArray,
    weights: FloatArray,
) -> tuple[FloatArray, FloatArray, float, bool]:
    """Return parameters, ``J^T W J``, chi square, and whether it came to an end."""
    found, chi_square, damping, trial = start, math.inf, 1e-3, start
    gram, downhill = np.zeros((len(start), len(start))), np.zeros(len(start))
    for _ in range(rounds):
        curve, slopes = model(x, trial)
        apart = y - curve
        pull = weights * apart
        least = float(pull @ apart)
        better = least < chi_square
        gain = chi_square - least if better else math.inf
        if better:
            found, chi_square = trial, least
            gram, downhill = (slopes * weights) @ slopes.T, slopes @ pull
        damping = min(max(damping / 10.0 if better else damping * 10.0, 1e-12), 1e12)
        if gain < 1e-9 * least + 1e-12 or (not better and damping > 1e8):
            return found, gram, chi_square, math.isfinite(chi_square)
        trial = np.minimum(np.maximum(found + _step(gram, downhill, damping), low), high)
    return found, gram, chi_square, False


def _step(gram: FloatArray, downhill: FloatArray, damping: float) -> FloatArray:
    raised = gram.copy()
    diagonal = raised.reshape(-1)[:: len(raised) + 1]
    diagonal += diagonal * damping + np.finfo(np.float64).tiny
    _, step, failed = dposv(raised, downhill)
    return np.zeros_like(downhill) if failed or not np.isfinite(step).all() else np.asarray(step)
