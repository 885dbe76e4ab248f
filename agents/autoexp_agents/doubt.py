"""How far a model's claims of its own error are to be doubted, place by place."""

import numpy as np

from autoexp.dofs import FloatArray

_REACH = 0.5


def doubts(places: FloatArray, points: FloatArray, residuals: FloatArray, trust: float) -> FloatArray:
    """Return by which factor a model's variances seem too small, shape ``(m,)``.

    A stationary model claims the same error between its points whatever was found there. Where values differ from what
    the others predict the real error is greater, where they agree it is less. The factor is the mean of the squared
    residuals around a place and of `trust` more that are one; far from all points it is one. Le Gratiet and Cannamela
    weigh the variance likewise, by the residual of the nearest point [1]_.

    Parameters
    ----------
    places
        Where in the unit cube, shape ``(m, d)``.
    points
        Where was measured, shape ``(n, d)``.
    residuals
        By how many standard deviations each value differs from what the others predict, shape ``(n,)``.
    trust
        How many values the model's own claim counts for.

    References
    ----------
    .. [1] L. Le Gratiet and C. Cannamela, Technometrics 57, 418 (2015).
    """
    width = _REACH * len(points) ** (-1.0 / points.shape[1])
    away = np.square(places[:, None, :] - points).sum(axis=2) / width**2
    share = np.exp(-0.5 * away)
    return np.asarray((trust + share @ np.square(residuals)) / (trust + share.sum(axis=1)))
