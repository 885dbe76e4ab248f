"""One peak on a straight line in each of many curves: position, width and area with sigma."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.few_curves import FEW, fit_few
from autoexp.reduction.least_squares import Fitted, fit, inverse
from autoexp.reduction.peaks.shapes import AREA_PER_HEIGHT, SHAPES, Shape, one_peak, peak

_VISIBLE = 3.0
"""Sigmas by which an area must differ from zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """A peak in each curve, shape ``(n,)`` each.

    Parameters
    ----------
    position, width, area, mixing
        Position and full width at half maximum in the unit of x, area in the unit of x times that of y, and the
        share of the Lorentzian in a pseudo-Voigt, else NaN.
    position_sigma, width_sigma, area_sigma, mixing_sigma
        Their standard deviations, by the variances of the curves; where no peak is visible that of the area is what it
        would be for a peak of just this position and width.
    misfit
        Squared deviations over variances, per degree of freedom.
    visible
        Where the area is more than three sigma above zero and position and width lie within their bounds, boolean.
    converged
        Where the fit came to an end, boolean.
    """

    position: Tensor
    position_sigma: Tensor
    width: Tensor
    width_sigma: Tensor
    area: Tensor
    area_sigma: Tensor
    mixing: Tensor
    mixing_sigma: Tensor
    misfit: Tensor
    visible: Tensor
    converged: Tensor


def fit_peaks(x: Tensor, curves: Tensor, variances: Tensor, shape: Shape = "gaussian") -> Peaks:
    """Return the peak in each curve, by weighted least squares with a line as background.

    Parameters
    ----------
    x
        Ascending, shape ``(points,)``.
    curves, variances
        Shape ``(n, points)`` each; points that are not finite do not enter, and a variance of zero counts as the
        smallest other one of its curve.
    shape
        Of the peaks.

    Raises
    ------
    ReductionError
        If there is no such shape, or there are fewer points than parameters.
    """
    if shape not in SHAPES:
        raise ReductionError(f"shape must be one of {', '.join(SHAPES)}, got {shape!r}")
    fewest = 6 if shape == "pseudo-voigt" else 5
    if len(x) <= fewest:
        raise ReductionError(f"a {shape} peak needs more than {fewest} points, got {len(x)}")
    middle, half = (x[0] + x[-1]) / 2.0, (x[-1] - x[0]) / 2.0
    weights, known = _weights(curves, variances)
    scale = known.abs().amax(1, keepdim=True).clamp(min=torch.finfo(known.dtype).tiny)
    at, y = ((x - middle) / half).expand_as(known), known / scale
    bounds = _bounds(len(curves), fewest, 2.0 / (len(x) - 1), at)
    start = torch.minimum(torch.maximum(_start(at, y, weights, shape), bounds[0]), bounds[1])
    data = (start, bounds, at, y, weights * scale**2)
    few = len(curves) <= FEW and y.device.type == "cpu" and y.dtype == torch.float64 and len(curves) > 0
    found = fit_few(partial(one_peak, shape), *data) if few else fit(partial(peak, shape), *data)
    return _peaks(found, bounds, (middle, half, scale[:, 0]))


def _weights(curves: Tensor, variances: Tensor) -> tuple[Tensor, Tensor]:
    usable = torch.isfinite(curves) & torch.isfinite(variances) & (variances >= 0)
    positive = torch.where(usable & (variances > 0), variances, torch.inf)
    least = positive.amin(1, keepdim=True)
    least = torch.where(torch.isfinite(least), least, 1.0)
    return torch.where(usable, 1.0 / torch.maximum(variances, least), 0.0), torch.where(usable, curves, 0.0)


def _bounds(n: int, k: int, step: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return bounds where x goes from -1 to 1: positions lie within, widths are half a step to half of that."""
    low = torch.full((n, k), -torch.inf, dtype=like.dtype, device=like.device)
    high = -low
    low[:, 0], high[:, 0] = -1.0, 1.0
    low[:, 1] = torch.log(torch.tensor(step / 2.0))
    high[:, 1] = 0.0
    if k == 6:
        low[:, 5], high[:, 5] = -0.5, 1.5
    return low, high


def _start(x: Tensor, y: Tensor, weights: Tensor, shape: Shape) -> Tensor:
    """Guess by the highest point above a line through the ends, and the area above that line."""
    points = x.shape[1]
    ends = max(2, points // 8)
    known = (weights > 0).to(y.dtype)
    left, right = (_mean(y[:, part], known[:, part]) for part in (slice(ends), slice(points - ends, points)))
    away = 2.0 - 2.0 * ends / points
    slope, offset = (right - left) / away, (right + left) / 2.0
    above = (y - offset - slope * x) * known
    smooth = torch.nn.functional.avg_pool1d(above[:, None], 3, 1, 1)[:, 0]
    height, top = smooth.max(1, keepdim=True)
    area = above.clamp(min=0.0).sum(1, keepdim=True) * (2.0 / (points - 1))
    width = area / (AREA_PER_HEIGHT[shape] * height.clamp(min=1e-12))
    found = [x.gather(1, top), torch.log(width.clamp(min=1e-12)), area, offset, slope]
    if shape == "pseudo-voigt":
        found.append(torch.full_like(area, 0.5))
    return torch.cat(found, 1)


def _mean(y: Tensor, known: Tensor) -> Tensor:
    return (y * known).sum(1, keepdim=True) / known.sum(1, keepdim=True).clamp(min=1.0)


def _peaks(found: Fitted, bounds: tuple[Tensor, Tensor], units: tuple[Tensor, Tensor, Tensor]) -> Peaks:
    middle, half, scale = units
    values, sigmas = found.parameters, found.covariance.diagonal(dim1=1, dim2=2).clamp(min=0.0).sqrt()
    width = torch.exp(values[:, 1]) * half
    area, area_sigma = values[:, 2] * scale * half, sigmas[:, 2] * scale * half
    nothing = torch.full_like(area, torch.nan)
    mixing, mixing_sigma = (values[:, 5], sigmas[:, 5]) if values.shape[1] == 6 else (nothing, nothing)
    within = ((values[:, :2] > bounds[0][:, :2]) & (values[:, :2] < bounds[1][:, :2])).all(1)
    visible = within & (area > _VISIBLE * area_sigma)
    alone = inverse(found.curvature[:, 2:5, 2:5])[:, 0, 0].clamp(min=0.0).sqrt() * scale * half
    return Peaks(
        middle + half * values[:, 0],
        half * sigmas[:, 0],
        width,
        width * sigmas[:, 1],
        area,
        torch.where(visible, area_sigma, alone),
        mixing,
        mixing_sigma,
        found.chi_square / found.freedom.clamp(min=1),
        visible,
        found.converged,
    )
