"""A focused beam as a Gaussian, and its image on a pixel detector."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spot:
    """A Gaussian spot on a detector.

    Parameters
    ----------
    x, y
        Centre in pixels; pixel ``i`` reaches from ``i - 0.5`` to ``i + 0.5``.
    sigma_x, sigma_y
        Standard deviations in pixels.
    photons
        Photons per second.
    """

    x: float
    y: float
    sigma_x: float
    sigma_y: float
    photons: float

    def image(self, shape: tuple[int, int]) -> FloatArray:
        """Return the expected photons per second of each pixel, shape (y, x).

        A Gaussian's integral over a pixel is a difference of error functions.
        """
        rows = pixel_shares(self.y, self.sigma_y, shape[0])
        columns = pixel_shares(self.x, self.sigma_x, shape[1])
        return self.photons * np.outer(rows, columns)


def pixel_shares(center: float, sigma: float, count: int) -> FloatArray:
    """Return the share of a Gaussian that falls on each of `count` pixels."""
    edges = np.arange(count + 1) - 0.5
    cumulative = 0.5 * (1.0 + erf((edges - center) / (math.sqrt(2.0) * sigma)))
    return np.diff(cumulative)
