"""Non-negative patterns whose sum a curve is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.features.reducer import numbers
from autoexp.reduction.nonnegative import nonnegative_least_squares
from autoexp.reduction.records import FloatArray, Reduced


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Non-negative curves of sum one.

    Parameters
    ----------
    curves
        Shape ``(k, x)``.
    """

    curves: FloatArray


def learn_patterns(curves: FloatArray, patterns: int, *, seed: int = 0, rounds: int = 5000) -> Patterns:
    """Factorise curves into non-negative amounts of non-negative patterns.

    Coordinate descent of scikit-learn (A. Cichocki and A.-H. Phan, IEICE Trans. Fundam. E92-A, 708 (2009)). Patterns
    come in the order of their whole amount.

    Parameters
    ----------
    curves
        Shape ``(n, x)``; negative values and NaN count as zero.
    patterns
        How many to find.
    seed
        Of the first guess' rest.
    rounds
        Iterations at most.

    Raises
    ------
    ReductionError
        If there are fewer curves or points than patterns.
    """
    from sklearn.decomposition import NMF

    table = np.nan_to_num(np.atleast_2d(np.asarray(curves, dtype=float)), posinf=0.0).clip(min=0.0)
    if not 1 <= patterns <= min(table.shape):
        raise ReductionError(f"patterns must be 1 to {min(table.shape)} for {table.shape} curves, got {patterns}")
    scale = max(float(table.mean()), np.finfo(float).tiny)
    model = NMF(patterns, init="nndsvda", random_state=seed, max_iter=rounds, tol=1e-5)
    amounts, found = model.fit_transform(table / scale), model.components_
    sums = np.maximum(found.sum(1), np.finfo(float).tiny)
    order = np.argsort(-(amounts.sum(0) * sums))
    return Patterns((found / sums[:, None])[order])


@dataclass(frozen=True, slots=True, eq=False)
class PatternScores:
    """Amounts of patterns in a curve, ``nmf1``, ``nmf2`` and so on, none negative, in the unit of the curve's sum.

    Non-negative least squares with equal weights. Sigmas are propagated from the curve's for the amounts that are not
    held at zero; those that are have the sigma of a fit in which they are free.

    Parameters
    ----------
    patterns
        Learnt beforehand.
    """

    patterns: Patterns

    def of(self, curve: Reduced) -> Mapping[str, Reduced]:
        """Return the amounts.

        Raises
        ------
        ReductionError
            If the curve has another number of points than the patterns.
        """
        values, sigmas = curve.value.reshape(-1), curve.sigma.reshape(-1)
        if len(values) != self.patterns.curves.shape[1]:
            raise ReductionError(
                f"a curve must have the {self.patterns.curves.shape[1]} points of its patterns, got {len(values)}"
            )
        known = np.isfinite(values) & np.isfinite(sigmas)
        names = [f"nmf{place + 1}" for place in range(len(self.patterns.curves))]
        model = self.patterns.curves[:, known]
        flags = Flags.NONE if known.all() else Flags.INCOMPLETE
        gram = model @ model.T
        if np.linalg.matrix_rank(gram, hermitian=True) < len(model):
            nothing = np.full(len(names), np.nan)
            return numbers(names, nothing, nothing, curve, flags | Flags.UNRESOLVED, curve.unit)
        projections = torch.from_numpy(model @ values[known])[None]
        amounts = nonnegative_least_squares(torch.from_numpy(gram), projections)[0].numpy()
        return numbers(names, amounts, _sigmas(model, gram, sigmas[known], amounts > 0), curve, flags, curve.unit)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"patterns": list(self.patterns.curves.shape)}


def _sigmas(model: FloatArray, gram: FloatArray, sigmas: FloatArray, free: Any) -> FloatArray:
    """Return the sigma of each amount, with those that are held at zero free one by one."""
    found = np.empty(len(model))
    found[free] = _sigmas_of(model[free], gram[np.ix_(free, free)], sigmas)
    for place in np.flatnonzero(~free):
        fitted = np.append(np.flatnonzero(free), place)
        found[place] = _sigmas_of(model[fitted], gram[np.ix_(fitted, fitted)], sigmas)[-1]
    return found


def _sigmas_of(model: FloatArray, gram: FloatArray, sigmas: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.linalg.solve(gram, model) ** 2 @ sigmas**2))
