"""Where a beam is integrated: a box of pixels, or what of it lies along the beam's principal axes."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.images import Window
from autoexp.reduction.moments import Moments, window_around

_ALIGNED = 0.02
"""Square of the correlation of x and y below which a beam lies along the pixels: a box is then 1 % too large."""


@dataclass(frozen=True, slots=True)
class Oriented:
    """A rectangle along the principal axes of a beam.

    Parameters
    ----------
    y, x
        Its middle.
    long, short
        Half its sides.
    angle
        Of the long side to x, towards rising y, in radians.
    """

    y: float
    x: float
    long: float
    short: float
    angle: float

    def box(self, shape: tuple[int, int]) -> Window:
        """Return the box of pixels around it, within an image of a shape."""
        c, s = abs(math.cos(self.angle)), abs(math.sin(self.angle))
        rows, columns = self.long * s + self.short * c, self.long * c + self.short * s
        y0, y1 = max(0, math.floor(self.y - rows)), min(shape[0], math.ceil(self.y + rows) + 1)
        x0, x1 = max(0, math.floor(self.x - columns)), min(shape[1], math.ceil(self.x + columns) + 1)
        return y0, y1, x0, x1

    def inside(self, box: Window) -> Tensor:
        """Return 1 for pixels of a box whose centre is in it, else 0, float64."""
        y0, y1, x0, x1 = box
        c, s = math.cos(self.angle), math.sin(self.angle)
        dy, dx = np.arange(y0, y1) - self.y, np.arange(x0, x1) - self.x
        # where each row enters and leaves the two strips whose common part it is
        along, across = (sorted((-self.long / c, self.long / c)), sorted((-self.short / s, self.short / s)))
        first = np.maximum(along[0] - dy * s / c, across[0] + dy * c / s)
        last = np.minimum(along[1] - dy * s / c, across[1] + dy * c / s)
        return torch.from_numpy(((dx >= first[:, None]) & (dx <= last[:, None])).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Aperture:
    """Pixels over which a beam is integrated.

    Parameters
    ----------
    box
        That holds them all.
    part
        What of it; None for all.
    """

    box: Window
    part: Oriented | None = None

    @classmethod
    def around(cls, moments: Moments, shape: tuple[int, int], *, factor: float, least: float) -> "Aperture":
        """Return a rectangle parallel to the principal axes, `factor` widths of the beam along each (ISO 11146-1:2021).

        Parameters
        ----------
        moments
            Of the beam.
        shape
            Rows and columns of the image.
        factor
            Beam widths in a side.
        least
            Smallest half side in pixels.
        """
        if moments.xy**2 <= _ALIGNED * moments.xx * moments.yy:
            return cls(window_around(moments, shape, factor=factor, least=least))
        mean, spread = 0.5 * (moments.xx + moments.yy), math.hypot(0.5 * (moments.xx - moments.yy), moments.xy)
        long, short = (max(least, 2.0 * factor * math.sqrt(max(0.0, mean + side * spread))) for side in (1, -1))
        angle = 0.5 * math.atan2(2.0 * moments.xy, moments.xx - moments.yy)
        y, x = (min(max(at, 0.0), length - 1.0) for at, length in ((moments.y, shape[0]), (moments.x, shape[1])))
        part = Oriented(y, x, long, short, angle)
        return cls(part.box(shape), part)

    def inside(self) -> Tensor | None:
        """Return 1 for its pixels in the box, else 0, float64; None for all."""
        return None if self.part is None else self.part.inside(self.box)

    def rests(self, following: "Aperture") -> bool:
        """Return whether no edge moves by more than a hundredth of a side."""
        y0, y1, x0, x1 = (abs(a - b) for a, b in zip(self.box, following.box, strict=True))
        rows, columns = self.box[1] - self.box[0], self.box[3] - self.box[2]
        return 100 * max(y0, y1) <= rows and 100 * max(x0, x1) <= columns and self._turns_with(following)

    def _turns_with(self, following: "Aperture") -> bool:
        if self.part is None or following.part is None:
            return self.part is following.part
        turned = math.remainder(following.part.angle - self.part.angle, math.pi)
        wider = abs(following.part.short - self.part.short)
        return 100 * abs(turned) * self.part.long <= 2 * self.part.short and 100 * wider <= 2 * self.part.short
