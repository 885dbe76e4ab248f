"""Nonlinear least squares for many curves of one model at once.

References
----------
.. [1] D. W. Marquardt, J. Soc. Indust. Appl. Math. 11, 431 (1963).
.. [2] W. H. Press et al., Numerical Recipes, 3rd edition (2007), section 15.5: the steps, and when to end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Model = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Where the curves are known, shape ``(n, points)``, and parameters, shape ``(n, k)``, to the curves, shape
``(n, points)``, and their derivatives, shape ``(n, k, points)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Parameters of each curve.

    Parameters
    ----------
    parameters
        Shape ``(n, k)``.
    covariance
        Of the parameters, by the variances of the curves, shape ``(n, k, k)``; NaN where it is singular.
    curvature
        ``J^T W J``, of which that is the inverse, shape ``(n, k, k)``.
    chi_square
        Squared deviations over variances, shape ``(n,)``.
    freedom
        Degrees of freedom, shape ``(n,)``.
    converged
        Boolean, shape ``(n,)``.
    """

    parameters: Tensor
    covariance: Tensor
    curvature: Tensor
    chi_square: Tensor
    freedom: Tensor
    converged: Tensor


def fit(
    model: Model,
    start: Tensor,
    bounds: tuple[Tensor, Tensor],
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    *,
    rounds: int = 60,
) -> Fitted:
    """Return the weighted least-squares parameters by Levenberg's and Marquardt's method [1]_ [2]_.

    Every curve has a damping of its own, and those that are done take no part any more.

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
    found, chi_square = start.clone(), torch.full_like(start[:, 0], torch.inf)
    converged = torch.zeros_like(chi_square, dtype=torch.bool)
    damping = torch.full_like(chi_square, 1e-3)
    curvature = torch.zeros((*start.shape, start.shape[1]), dtype=start.dtype, device=start.device)
    slope = torch.zeros_like(start)
    at, data = torch.arange(len(start), device=start.device), (x, y, weights)
    trial = start
    for _ in range(rounds):
        least, gram, downhill = _linearised(model, trial, *data)
        better = least < chi_square[at]
        gain = torch.where(better, chi_square[at] - least, torch.inf)
        won = at[better]
        found[won], chi_square[won] = trial[better], least[better]
        curvature[won], slope[won] = gram[better], downhill[better]
        damping[at] = torch.where(better, damping[at] / 10.0, damping[at] * 10.0).clamp(1e-12, 1e12)
        done = (gain < 1e-9 * least + 1e-12) | (~better & (damping[at] > 1e8))
        converged[at[done]] = True
        if bool(done.any()):
            at, data = at[~done], (data[0][~done], data[1][~done], data[2][~done])
        if len(at) == 0:
            break
        trial = found[at] + _step(curvature[at], slope[at], damping[at])
        trial = torch.minimum(torch.maximum(trial, bounds[0][at]), bounds[1][at])
    covariance = inverse(curvature)
    freedom = (weights > 0).sum(1) - start.shape[1]
    return Fitted(found, covariance, curvature, chi_square, freedom, converged & torch.isfinite(chi_square))


def _linearised(model: Model, trial: Tensor, x: Tensor, y: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return chi square, ``J^T W J`` and ``J^T W r`` at a trial, shape ``(n,)``, ``(n, k, k)`` and ``(n, k)``."""
    curve, slopes = model(x, trial)
    apart = y - curve
    pull = weights * apart
    return (pull * apart).sum(1), (slopes * weights[:, None]) @ slopes.mT, (slopes @ pull[:, :, None])[:, :, 0]


def _step(curvature: Tensor, slope: Tensor, damping: Tensor) -> Tensor:
    diagonal = curvature.diagonal(dim1=1, dim2=2)
    raised = curvature + torch.diag_embed(diagonal * damping[:, None] + torch.finfo(slope.dtype).tiny)
    step: Tensor = torch.linalg.solve_ex(raised, slope)[0]
    return torch.where(torch.isfinite(step), step, 0.0)


def inverse(curvature: Tensor) -> Tensor:
    """Invert after scaling to a unit diagonal, as parameters differ in size; NaN where it is singular."""
    scale = curvature.diagonal(dim1=1, dim2=2).clamp(min=torch.finfo(curvature.dtype).tiny).rsqrt()
    found, failed = torch.linalg.inv_ex(curvature * scale[:, :, None] * scale[:, None, :])
    known = (failed == 0)[:, None, None] & torch.isfinite(found)
    return torch.where(known, found * scale[:, :, None] * scale[:, None, :], torch.nan)
