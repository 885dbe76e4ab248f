"""Spectra as mixtures of those of known species."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.nonnegative import nonnegative_least_squares
from autoexp.reduction.records import FloatArray
from autoexp.reduction.xanes.normalisation import Normalised

_GUESS = math.sqrt(1.0 / 12.0)
"""Standard deviation of a number between 0 and 1 of which nothing is known."""

_FIRM = 1e6
"""Weight of a constraint while the signs are sought, over that of the spectra."""


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Normalised spectra of the species that a sample may hold.

    Parameters
    ----------
    names
        Shape ``(k,)``; of the fields.
    energy
        In eV, ascending, shape ``(m,)``; straight lines in between, and the outermost values beyond.
    spectra
        0 before the edge, 1 after it, shape ``(k, m)``, linearly independent.
    window
        Where to compare, in eV from E0.
    sum_to_one
        Whether the fractions must add up to 1; if not, their sum says whether a species is missing.

    Raises
    ------
    ReductionError
        If shapes and names do not match, or a spectrum depends on the others.
    """

    names: tuple[str, ...]
    energy: FloatArray
    spectra: FloatArray
    window: tuple[float, float] = (-20.0, 30.0)
    sum_to_one: bool = True

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            raise ReductionError(f"each reference needs a name of its own, got {self.names!r}")
        wanted = (len(self.names), len(self.energy))
        if np.shape(self.spectra) != wanted:
            raise ReductionError(f"references must be {wanted}, names by energies, got shape {np.shape(self.spectra)}")
        if not (np.diff(self.energy) > 0).all():
            raise ReductionError("energies of references must ascend")
        if np.linalg.matrix_rank(self.spectra) < len(self.names):
            raise ReductionError(f"references must be linearly independent, got {self.names!r}")
        if not self.window[0] < self.window[1]:
            raise ReductionError(f"window must begin below its end, got {self.window} eV")

    def at(self, energy: Tensor) -> Tensor:
        """Return the spectra at energies in eV, shape ``(points,)`` to ``(k, points)``."""
        where = energy.cpu().numpy()
        found = np.stack([np.interp(where, self.energy, each) for each in self.spectra])
        return torch.from_numpy(found).to(energy.device)

    def settings(self) -> dict[str, Any]:
        """Return what it was built with, the spectra excepted."""
        return {"names": list(self.names), "window": list(self.window), "sum_to_one": self.sum_to_one}


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Fractions of the references in each spectrum.

    Parameters
    ----------
    fractions, sigma
        Shape ``(n, k)`` each.
    misfit
        Squared deviations over their variances, per degree of freedom, shape ``(n,)``.
    freedom
        Degrees of freedom.
    clear
        Where a fraction is known better than by guessing, boolean, shape ``(n, k)``.
    """

    fractions: Tensor
    sigma: Tensor
    misfit: Tensor
    freedom: Tensor
    clear: Tensor


def decompose(spectra: Normalised, references: References) -> Mixture:
    """Return the mixtures of references that are nearest to spectra: least squares, none negative.

    All points of the window have one weight. References are normalised as the spectra are, over the same windows:
    what that makes of their steps is taken out of the ratios of the fractions, but left in their sum, which is 1 if
    the references are all that there is. The sigma is that of the fit in which fractions may be negative too, with
    the covariance of the normalised spectrum.

    Parameters
    ----------
    spectra
        Normalised.
    references
        Of the species.
    """
    model, steps = _normalised(spectra, references)
    energy, (low, high) = spectra.energy, references.window
    inside = ((energy >= spectra.e0 + low) & (energy <= spectra.e0 + high)).to(energy.dtype)
    model = model * inside[:, None, :]
    gram = model @ model.mT
    projections = (model @ spectra.norm[:, :, None])[:, :, 0]
    firm = gram.diagonal(dim1=1, dim2=2).sum(1, keepdim=True)[:, :, None] * (_FIRM if references.sum_to_one else 0.0)
    square = gram + firm * steps[:, :, None] * steps[:, None, :]
    amounts = _amounts(square, projections + firm[:, :, 0] * steps)
    solve = torch.linalg.inv_ex(square).inverse @ model
    total, seen = amounts.sum(1, keepdim=True), (amounts * steps).sum(1, keepdim=True)
    fractions = amounts * seen / total
    along = (steps[:, None] @ solve) / seen[:, :, None] - solve.sum(1, keepdim=True) / total[:, :, None]
    weights = solve * (seen / total)[:, :, None] + fractions[:, :, None] * along
    sigma = spectra.covariance(weights).diagonal(dim1=1, dim2=2).clamp(min=0.0).sqrt()
    apart = (spectra.norm - (amounts[:, None] @ model)[:, 0]) ** 2 / spectra.sigma() ** 2
    freedom = inside.sum(1) - len(references.names)
    misfit = torch.where(inside > 0, apart, 0.0).sum(1) / freedom
    return Mixture(fractions, sigma, misfit, freedom, sigma < _GUESS)


def _normalised(spectra: Normalised, references: References) -> tuple[Tensor, Tensor]:
    """Return references without the lines before their edges, shape ``(n, k, points)``, and their steps ``(n, k)``."""
    known = references.at(spectra.energy)
    theta = spectra.parts @ known.T
    return known - theta[:, :2].mT @ spectra.basis[: len(theta), :2], theta[:, 2]


def _amounts(square: Tensor, projections: Tensor) -> Tensor:
    """Return non-negative amounts by normal equations, ``(1 or n, k, k)`` and ``(n, k)``; NaN without a solution."""
    scale = square.diagonal(dim1=1, dim2=2)
    solvable = ((scale > 0) & scale.isfinite()).all(1)
    # a hint of a ridge keeps references that cannot be told apart from being singular
    stable = torch.where(solvable[:, None, None], square + torch.diag_embed(1e-13 * scale), _unit(square))
    if len(stable) == 1:
        found = nonnegative_least_squares(stable[0], projections)
    else:
        pairs = zip(stable, projections, strict=True)
        found = torch.cat([nonnegative_least_squares(each, right[None]) for each, right in pairs])
    return torch.where(solvable[:, None], found, torch.nan)


def _unit(like: Tensor) -> Tensor:
    return torch.eye(like.shape[-1], dtype=like.dtype, device=like.device)
