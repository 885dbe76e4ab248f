"""Second moments of a beam over an integration window, by ISO 11146-1 and -3."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.background import Background
from autoexp.reduction.images import MeanImage, Window
from autoexp.reduction.records import FloatArray

_ORDERS = 5
"""Powers of each coordinate, from none to the fourth: the squares of what second moments depend on."""

MONOMIALS = np.array([(0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (1, 1)])
"""Powers of dy and dx in 1, dx, dy, dx², dy² and dx dy."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Zeroth to second moments of an image, in pixels.

    Parameters
    ----------
    total
        Sum of the values above background.
    x, y
        Centroid.
    xx, yy, xy
        Central second moments.
    """

    total: float
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    @property
    def finite(self) -> bool:
        """Whether they describe a spot: something positive, and spread in both directions."""
        return self.total > 0 and self.xx > 0 and self.yy > 0 and math.isfinite(self.xx + self.yy)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Sums over the part of an image inside a window of powers of the coordinates.

    Each has the shape ``(5, 5)``; element ``[i, j]`` is the sum of ``dy**i dx**j`` times something, where
    `dy` and `dx` are counted from `origin` in pixels. Invalid pixels do not enter.

    Parameters
    ----------
    signal
        The values above background.
    variance
        Their variances, noise beyond that of the counts included.
    pixels
        One.
    origin
        Position of zero, y and x.
    area
        Pixels in the window, valid or not.
    background
        What was subtracted.
    """

    signal: FloatArray
    variance: FloatArray
    pixels: FloatArray
    origin: tuple[float, float]
    area: int
    background: Background

    @classmethod
    def of(cls, image: MeanImage, window: Window, background: Background, inside: Tensor | None = None) -> "Cut":
        """Sum over a window, first and one-past-last row and column.

        Parameters
        ----------
        image
            What to sum.
        window
            Where.
        background
            What to subtract.
        inside
            1 for pixels of the window that enter, else 0, float64; None for all.
        """
        y0, y1, x0, x1 = window
        part = None if inside is None else inside.to(image.values.device)
        seen = image.seen(window)
        used = part if seen is None else seen if part is None else seen * part
        pixels = ones(y1 - y0, x1 - x0) if used is None else _sums(used)
        values = _sums(_within(image.mean(window), part))
        spread = values / image.n_frames if image.variance is None else _sums(_within(image.spread(window), part))
        origin = (0.5 * (y0 + y1 - 1), 0.5 * (x0 + x1 - 1))
        signal, variance = values - background.level * pixels, spread + background.excess * pixels
        area = (y1 - y0) * (x1 - x0) if inside is None else int(inside.sum())
        return cls(signal, variance, pixels, origin, area, background)

    def about(self, y: float, x: float) -> "Cut":
        """Return the sums with coordinates counted from another origin."""
        dy, dx = _shift(y - self.origin[0]), _shift(x - self.origin[1])
        signal, variance, pixels = (dy @ each @ dx.T for each in (self.signal, self.variance, self.pixels))
        return Cut(signal, variance, pixels, (y, x), self.area, self.background)

    def moments(self) -> Moments:
        """Return centroid and central second moments (ISO 11146-1:2021, section 3)."""
        total = float(self.signal[0, 0])
        if not total > 0:
            return Moments(total, math.nan, math.nan, math.nan, math.nan, math.nan)
        (_, x, xx), (y, xy, _), (yy, _, _) = (row[:3] / total for row in self.signal[:3])
        at = (self.origin[1] + x, self.origin[0] + y)
        return Moments(total, *(float(each) for each in (*at, xx - x * x, yy - y * y, xy - x * y)))

    def sigmas(self, weights: FloatArray) -> FloatArray:
        """Return the standard deviations of signals' sums that are weighted by polynomials, shape ``(n,)``.

        Coefficients of `weights`, shape ``(n, 6)``, are those of `MONOMIALS`. The variances of the pixels are
        independent; the error of the background is common to all.
        """
        i, j = MONOMIALS.T
        spread = self.variance[i[:, None] + i, j[:, None] + j]
        own = ((weights @ spread) * weights).sum(1)
        common = weights @ self.pixels[i, j]
        return np.asarray(np.sqrt(np.maximum(own + common**2 * self.background.variance, 0.0)))


def _within(values: Tensor, part: Tensor | None) -> Tensor:
    return values if part is None else values * part


def _sums(values: Tensor) -> FloatArray:
    y, x = (_powers_on(length, str(values.device)) for length in values.shape)
    sums: FloatArray = (y.T @ (values @ x)).cpu().numpy()
    return sums


@lru_cache(maxsize=64)
def powers(length: int) -> FloatArray:
    """Return powers of the coordinates of so many pixels about their middle, shape ``(length, 5)``."""
    at = np.arange(length, dtype=np.float64) - 0.5 * (length - 1)
    return np.vander(at, _ORDERS, increasing=True)


@lru_cache(maxsize=64)
def _powers_on(length: int, device: str) -> Tensor:
    return torch.from_numpy(powers(length)).to(device)


@lru_cache(maxsize=64)
def ones(rows: int, columns: int) -> FloatArray:
    """Return what the powers of the coordinates of a window add up to, shape ``(5, 5)``."""
    sums: FloatArray = np.outer(powers(rows).sum(0), powers(columns).sum(0))
    return sums


_CHOICES = np.array([[math.comb(i, j) for j in range(_ORDERS)] for i in range(_ORDERS)], dtype=float)
_EXPONENTS = np.maximum(np.arange(_ORDERS)[:, None] - np.arange(_ORDERS), 0)


def _shift(by: float) -> FloatArray:
    """Return the matrix from sums of powers of ``u`` to those of ``u - by``."""
    return np.asarray(_CHOICES * (-by) ** _EXPONENTS)


def window_around(moments: Moments, shape: tuple[int, int], *, factor: float = 3.0, least: float = 2.0) -> Window:
    """Return the integration window: centred on the beam, `factor` beam widths wide (ISO 11146-3).

    Parameters
    ----------
    moments
        Of the beam; its width along each axis is four times the root of the second moment.
    shape
        Rows and columns of the image, beyond which no window reaches.
    factor
        Widths of the beam in a side of the window.
    least
        Smallest half side in pixels.
    """
    y0, y1 = _side(moments.y, moments.yy, shape[0], factor, least)
    x0, x1 = _side(moments.x, moments.xx, shape[1], factor, least)
    return y0, y1, x0, x1


def _side(centre: float, second: float, length: int, factor: float, least: float) -> tuple[int, int]:
    half = max(least, 2.0 * factor * math.sqrt(second))
    middle = min(max(centre, 0.0), length - 1.0)
    return max(0, math.floor(middle - half)), min(length, math.ceil(middle + half) + 1)
