"""Values bent so that a model spends its detail on the good ones."""

import math
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.surrogates.parameters import Data

_NARROWEST = 1e-6
_FARTHEST, _APART = 300.0, 5.0


@dataclass(frozen=True, slots=True)
class Warp:
    """Leaves good values as they are and presses poor ones together, by a logarithm.

    With ``e`` by how much a value is poorer than `hinge`, it stands ``width log(1 + e / width)`` below it: smooth,
    in the field's unit, and exactly the value itself on the good side. A stationary process then need not bend as
    steeply around the optimum as it would far from it. Warped processes: E. Snelson, C. E. Rasmussen and
    Z. Ghahramani, Warped Gaussian processes (2004); that optimisers gain by them: A. I. Cowen-Rivers et al., HEBO:
    Pushing the limits of sample-efficient hyperparameter optimisation (2022).

    Parameters
    ----------
    hinge
        The value beyond which others are poor.
    width
        How much poorer a value must be to count for noticeably less.
    sign
        1 where large values are good, -1 where small ones are.
    """

    hinge: float
    width: float
    sign: float

    def _poorer(self, y: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(self.sign * (self.hinge - y), 0.0) / self.width)

    def values(self, y: FloatArray) -> FloatArray:
        """Return what a model is told for values, any shape."""
        poorer = self._poorer(y)
        return np.asarray(y + self.sign * self.width * (poorer - np.log1p(poorer)))

    def told(self, data: Data) -> Data:
        """Return what a model is told for measured values: their variances follow to first order."""
        return Data(data.x, self.values(data.y), data.variance / np.square(1.0 + self._poorer(data.y)))

    def natural(self, mean: FloatArray, sigma: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return median and, to first order, standard deviation of the value whose warped mean and sigma are given."""
        poorer = np.minimum(self._poorer(mean), _FARTHEST)
        value = mean - self.sign * self.width * (np.expm1(poorer) - poorer)
        return np.asarray(value), np.asarray(sigma * np.exp(poorer))


def warp_of(data: Data, sign: float) -> Warp | None:
    """Return a warp for values of which the larger (`sign` 1) or the smaller (-1) are good; None if all are alike.

    The hinge is their median, the width its distance to the best, so that detail follows the search; no less than
    five known sigmas, for noise must not be bent.
    """
    reach = float(np.ptp(data.y)) if len(data) else 0.0
    if not reach > 0.0:
        return None
    hinge, best = float(np.median(data.y)), float((sign * data.y).max())
    noise = _APART * math.sqrt(float(np.median(data.variance)))
    return Warp(hinge, max(best - sign * hinge, noise, _NARROWEST * reach), sign)
