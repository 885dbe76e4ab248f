"""Numbers of a normalised spectrum: where its edge is, and its white line."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.reduction.polynomials import LocalPolynomials
from autoexp.reduction.xanes.normalisation import Normalised, steepest


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A number of each spectrum.

    Parameters
    ----------
    value, sigma
        Shape ``(n,)`` each; NaN where there is none.
    clear
        Where the data show one such feature, and no more, boolean, shape ``(n,)``.
    """

    value: Tensor
    sigma: Tensor
    clear: Tensor


def half_step(spectra: Normalised) -> Feature:
    """Return the energy at which each spectrum passes one half, in eV, between two points on a straight line.

    Of several crossings it is the one nearest to E0, and not clear.
    """
    norm, energy = spectra.norm, spectra.energy
    rises = (norm[:, :-1] < 0.5) & (norm[:, 1:] >= 0.5)
    away = torch.where(rises, (energy[:-1] - spectra.e0).abs(), math.inf)
    below = away.argmin(1, keepdim=True)
    low, high = norm.gather(1, below), norm.gather(1, below + 1)
    share = (0.5 - low) / (high - low)
    width = energy[below + 1] - energy[below]
    weights = torch.zeros_like(norm).scatter_(1, below, 1.0 - share).scatter_(1, below + 1, share)
    sigma = _sigma(spectra, weights) * (width / (high - low))[:, 0]
    count = rises.sum(1)
    value = torch.where(count > 0, (energy[below] + share * width)[:, 0], torch.nan)
    return Feature(value, torch.where(count > 0, sigma, torch.nan), count == 1)


def inflection(spectra: Normalised, reach: float) -> Feature:
    """Return the energy of steepest rise, in eV: where the second derivative of a cubic through the edge is zero.

    Parameters
    ----------
    spectra
        Normalised.
    reach
        The cubic goes through all points within so many eV of that at which the spectrum rises most, five at least.
    """
    near = steepest(spectra.energy, spectra.norm, reach)
    half = _reaching(spectra.energy, near, reach)
    fit = LocalPolynomials.over(spectra.energy, near - half, near + half, 3)
    _, _, bend, twist = fit.coefficients(spectra.norm).T[:, :, None]
    at = -bend / (3.0 * twist)
    weights = -half * (fit.rows[:, 2] + 3.0 * at * fit.rows[:, 3]) / (3.0 * twist)
    clear = (at.abs() <= 1.0) & (twist < 0)
    return Feature((near + half * at)[:, 0], _sigma(spectra, weights), clear[:, 0])


def white_line(spectra: Normalised, window: tuple[float, float], reach: float) -> tuple[Feature, Feature]:
    """Return height and energy (eV) of the white line: the vertex of a parabola through its top.

    Parameters
    ----------
    spectra
        Normalised.
    window
        Where it may be, in eV from E0.
    reach
        The parabola goes through all points within so many eV of the highest, five at least.
    """
    energy = spectra.energy
    inside = (energy >= spectra.e0 + window[0]) & (energy <= spectra.e0 + window[1])
    top = energy[torch.where(inside, spectra.norm, -math.inf).argmax(1)][:, None]
    half = _reaching(energy, top, reach)
    fit = LocalPolynomials.over(energy, top - half, top + half, 2)
    base, slope, bend = fit.coefficients(spectra.norm).T[:, :, None]
    at = -slope / (2.0 * bend)
    clear = ((at.abs() <= 1.0) & (bend < 0))[:, 0]
    for_height = fit.rows[:, 0] + at * fit.rows[:, 1] + at**2 * fit.rows[:, 2]
    for_energy = -half * (fit.rows[:, 1] + 2.0 * at * fit.rows[:, 2]) / (2.0 * bend)
    height = Feature((base + at * slope / 2.0)[:, 0], _sigma(spectra, for_height), clear)
    return height, Feature((top + half * at)[:, 0], _sigma(spectra, for_energy), clear)


def _reaching(energy: Tensor, middle: Tensor, reach: float) -> Tensor:
    """Return `reach`, or how far two neighbours on either side of points of the grid are, shape ``(n, 1)``."""
    index = torch.searchsorted(energy, middle)
    last = len(energy) - 1
    before, after = middle - energy[(index - 2).clamp(min=0)], energy[(index + 2).clamp(max=last)] - middle
    return torch.maximum(before, after).clamp(min=reach) * (1.0 + 1e-9)


def _sigma(spectra: Normalised, weights: Tensor) -> Tensor:
    """Return the standard deviation of one functional of each spectrum, shape ``(n, points)`` to ``(n,)``."""
    gradient = spectra.gradient(weights[:, None])[:, 0]
    return (gradient**2 * spectra.variance).sum(1).sqrt()
