"""Second moments of a beam over an integration window, by ISO 11146-1 and -3."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.reduction.background import Background, Window


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
    """The part of an image inside a window, above background.

    Parameters
    ----------
    signal
        Values above background, shape ``(rows, columns)``; zero where invalid.
    counted
        Variance of each value by its counts.
    valid
        1 where the value may be used, else 0; None for everywhere.
    y, x
        Coordinates of rows and columns in pixels.
    background
        What was subtracted.
    """

    signal: Tensor
    counted: Tensor
    valid: Tensor | None
    y: Tensor
    x: Tensor
    background: Background

    @classmethod
    def of(cls, image: Tensor, variance: Tensor, valid: Tensor | None, window: Window, level: Background) -> "Cut":
        """Cut the window out of an image, shape ``(y, x)``."""
        y0, y1, x0, x1 = window
        at = (slice(y0, y1), slice(x0, x1))
        seen = None if valid is None else valid[at].to(image.dtype)
        signal = image[at] - level.level
        y, x = (torch.arange(a, b, dtype=image.dtype, device=image.device) for a, b in ((y0, y1), (x0, x1)))
        return cls(signal if seen is None else signal * seen, variance[at], seen, y, x, level)

    @property
    def variance(self) -> Tensor:
        """Variance of each value, noise beyond that of the counts included; zero where invalid."""
        spread = self.counted + self.background.excess
        return spread if self.valid is None else spread * self.valid

    def moments(self) -> Moments:
        """Return centroid and central second moments (ISO 11146-1:2021, section 3)."""
        columns, rows = self.signal.sum(0), self.signal.sum(1)
        total = float(columns.sum())
        if not total > 0:
            return Moments(total, math.nan, math.nan, math.nan, math.nan, math.nan)
        x, y = float(columns @ self.x) / total, float(rows @ self.y) / total
        dx, dy = self.x - x, self.y - y
        xy = float(dy @ self.signal @ dx) / total
        return Moments(total, x, y, float(columns @ dx**2) / total, float(rows @ dy**2) / total, xy)

    def sigma(self, weight: Tensor, variance: Tensor) -> float:
        """Return the standard deviation of ``sum(weight * signal)``.

        The variances of the pixels, shape ``(rows, columns)``, are independent; the error of the
        background is common to all.
        """
        own = float((weight * weight * variance).sum())
        common = float((weight if self.valid is None else weight * self.valid).sum())
        return math.sqrt(max(0.0, own + common**2 * self.background.variance))


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
