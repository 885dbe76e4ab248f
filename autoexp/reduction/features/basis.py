"""Principal components of curves: what to write other curves in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.linalg import eigh

from autoexp.errors import ReductionError
from autoexp.reduction.features.covariance import CurveCovariance
from autoexp.reduction.records import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Mean and leading principal components of the curves that were seen.

    Parameters
    ----------
    mean
        Shape ``(x,)``; NaN where a curve had no value, which stays outside of everything.
    components
        Orthonormal, by falling variance, each with its largest entry positive, shape ``(k, x)``.
    variances
        Of the curves along each component, shape ``(k,)``.
    noise
        Mean variance along one of the directions that are left: the maximum-likelihood noise of probabilistic
        principal components (M. E. Tipping and C. M. Bishop, J. R. Stat. Soc. B 61, 611 (1999)).
    n_curves
        How many curves it is from.
    """

    mean: FloatArray
    components: FloatArray
    variances: FloatArray
    noise: float
    n_curves: int

    @property
    def known(self) -> Any:
        """Where the curves have values, boolean, shape ``(x,)``."""
        return np.isfinite(self.mean)

    def settings(self) -> Mapping[str, Any]:
        """Return what tells this basis from another, in short."""
        return {
            "points": len(self.mean),
            "variances": self.variances.tolist(),
            "noise": self.noise,
            "n_curves": self.n_curves,
        }


def principal(seen: CurveCovariance, components: int) -> Basis:
    """Return the leading principal components of the curves seen.

    Parameters
    ----------
    seen
        Sums over at least two curves.
    components
        How many.

    Raises
    ------
    ReductionError
        If there are fewer directions than components.
    """
    known = seen.missing == 0
    most = min(seen.n - 1, int(known.sum()))
    if not 1 <= components <= most:
        raise ReductionError(f"components must be 1 to {most} for {seen.n} curves, got {components}")
    covariance = (seen.scatter[known][:, known] / (seen.n - 1)).cpu().numpy()
    directions = len(covariance)
    values, vectors = eigh(covariance, subset_by_index=(directions - components, directions - 1))
    values, found = values[::-1].clip(min=0.0), vectors[:, ::-1].T
    found = found * np.sign(found[np.arange(components), np.abs(found).argmax(1)])[:, None]
    full = np.zeros((components, len(known)))
    full[:, known.cpu().numpy()] = found
    noise = max(0.0, float(np.trace(covariance) - values.sum())) / max(1, directions - components)
    return Basis(torch.where(known, seen.mean, torch.nan).cpu().numpy(), full, values, noise, seen.n)


def learn_basis(curves: FloatArray, components: int) -> Basis:
    """Return the leading principal components of curves, shape ``(n, x)``."""
    return principal(CurveCovariance.of(torch.from_numpy(np.atleast_2d(np.asarray(curves, dtype=float)))), components)
