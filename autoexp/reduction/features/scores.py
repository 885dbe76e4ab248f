"""Where a curve lies among those that were seen: its scores, and how new it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.features.basis import Basis
from autoexp.reduction.features.reducer import numbers
from autoexp.reduction.records import FloatArray, Reduced

_ROUNDING = 1e-12
"""Share of the largest variance below which a variance is but rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class ComponentScores:
    """Coordinates of a curve along the principal components of a basis, ``pc1``, ``pc2`` and so on.

    The least-squares fit of the components to the curve without the basis' mean; where all points have a value that is
    the projection. Sigmas are propagated from the curve's, taken as independent; the basis counts as exact.

    Parameters
    ----------
    basis
        Learnt beforehand, so that scores mean the same at every point of a scan.
    """

    basis: Basis

    def of(self, curve: Reduced) -> Mapping[str, Reduced]:
        """Return the scores, in the unit of the curve."""
        names = [f"pc{place + 1}" for place in range(len(self.basis.components))]
        return numbers(names, *project(self.basis, curve)[:2], curve, _missing(self.basis, curve), curve.unit)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"basis": self.basis.settings()}


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """How far a curve is from those that were seen, ``novelty``, in sigmas.

    ``(D² - N) / √(2 N)`` with the squared Mahalanobis distance ``D² = Σ_k t_k² / λ_k + |r|² / s²`` by the Gaussian
    model of probabilistic principal components: scores ``t``, their variances ``λ``, the residual ``r`` of the ``N``
    points, and the noise ``s²`` along one of the other directions (M. E. Tipping and C. M. Bishop, J. R. Stat. Soc. B
    61, 611 (1999)). A curve like those seen has 0 ± 1, because ``D²`` is then a chi square of ``N`` degrees of
    freedom; one that is new has 5 and more. Its sigma is propagated from the curve's, to second order, so that it
    does not vanish at the distance of zero.

    Parameters
    ----------
    basis
        Of the curves seen.

    Raises
    ------
    ReductionError
        If the basis leaves no noise to compare a residual with.
    """

    basis: Basis

    def __post_init__(self) -> None:
        if not self.basis.noise > _ROUNDING * self.basis.variances.max():
            raise ReductionError(f"a basis must leave noise to tell what is new, got {self.basis.noise}")

    def of(self, curve: Reduced) -> Mapping[str, Reduced]:
        """Return the distance."""
        scores, _, residual, known = project(self.basis, curve)
        directions, n = self.basis.components[:, known], max(1, int(known.sum()))
        squares = float((scores**2 / self.basis.variances).sum() + (residual**2).sum() / self.basis.noise)
        weights = 1 / self.basis.variances - 1 / self.basis.noise
        slope = 2 * (directions.T @ (scores / self.basis.variances) + residual / self.basis.noise)
        bend = 1 / self.basis.noise + (directions**2 * weights[:, None]).sum(0)
        variances = curve.sigma.reshape(-1)[known] ** 2
        sigma = math.sqrt(float((slope**2 * variances).sum() + 2 * (bend**2 * variances**2).sum()))
        scale = math.sqrt(2 * n)
        value, spread = np.array([(squares - n) / scale]), np.array([sigma / scale])
        return numbers(["novelty"], value, spread, curve, _missing(self.basis, curve))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"basis": self.basis.settings()}


def project(basis: Basis, curve: Reduced) -> tuple[FloatArray, FloatArray, FloatArray, Any]:
    """Return scores and their sigmas, shape ``(k,)``, the residual of the points used, and which these are.

    Raises
    ------
    ReductionError
        If the curve has another number of points than the basis.
    """
    values, sigmas = curve.value.reshape(-1), curve.sigma.reshape(-1)
    if len(values) != len(basis.mean):
        raise ReductionError(f"a curve must have the {len(basis.mean)} points of its basis, got {len(values)}")
    known = basis.known & np.isfinite(values) & np.isfinite(sigmas)
    directions = basis.components[:, known]
    whole = bool((known == basis.known).all())
    solver = directions if whole else np.linalg.pinv(directions.T)
    off = values[known] - basis.mean[known]
    scores = solver @ off
    return scores, np.sqrt(solver**2 @ sigmas[known] ** 2), off - scores @ directions, known


def _missing(basis: Basis, curve: Reduced) -> Flags:
    """Return whether a point of the basis has no value."""
    return Flags.NONE if np.isfinite(curve.value.reshape(-1))[basis.known].all() else Flags.INCOMPLETE
