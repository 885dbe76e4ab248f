"""Shapes of peaks, by area, position and full width at half maximum.

References
----------
.. [1] G. K. Wertheim, M. A. Butler, K. W. West and D. N. E. Buchanan, Rev. Sci. Instrum. 45, 1369 (1974): the
   pseudo-Voigt function, the sum of a Lorentzian and a Gaussian of one width.
"""

import math
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.records import FloatArray

Array = TypeVar("Array", Tensor, FloatArray)

Shape = Literal["gaussian", "lorentzian", "pseudo-voigt"]

SHAPES: tuple[Shape, ...] = ("gaussian", "lorentzian", "pseudo-voigt")

_LN2 = math.log(2.0)

AREA_PER_HEIGHT = {
    "gaussian": math.sqrt(math.pi / _LN2) / 2.0,
    "lorentzian": math.pi / 2.0,
    "pseudo-voigt": (math.sqrt(math.pi / _LN2) + math.pi) / 4.0,
}
"""Area of a peak of unit height and full width; of a pseudo-Voigt about, half of each."""


def gaussian(u: Array) -> tuple[Array, Array]:
    """Return the Gaussian of unit area and full width, ``2 sqrt(ln 2 / pi) exp(-4 ln 2 u²)``, and its derivative."""
    value = _exp(u * u * (-4.0 * _LN2)) * (2.0 * math.sqrt(_LN2 / math.pi))
    return value, value * u * (-8.0 * _LN2)


def lorentzian(u: Array) -> tuple[Array, Array]:
    """Return the Lorentzian of unit area and full width, ``2 / pi / (1 + 4 u²)``, and its derivative."""
    tail = 1.0 / (1.0 + 4.0 * u * u)
    value = tail * (2.0 / math.pi)
    return value, value * tail * u * -8.0


def _exp(u: Array) -> Array:
    return torch.exp(u) if isinstance(u, Tensor) else np.exp(u)


def peak(shape: Shape, x: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Return peaks on straight lines, and their derivatives in the parameters.

    Parameters
    ----------
    shape
        Of all peaks.
    x
        Shape ``(n, points)``.
    parameters
        Position, logarithm of the full width at half maximum, area, offset and slope of the line and, of a
        pseudo-Voigt [1]_, the share of the Lorentzian; shape ``(n, 5 or 6)``.

    Returns
    -------
        Shape ``(n, points)`` and ``(n, 5 or 6, points)``.
    """
    position, width, area, offset, slope = (each[:, None] for each in parameters[:, :5].unbind(1))
    narrow = torch.exp(-width)
    u = (x - position) * narrow
    if shape == "pseudo-voigt":
        share = parameters[:, 5:]
        (bell, falls), (tail, drops) = gaussian(u), lorentzian(u)
        value, derivative = bell + share * (tail - bell), falls + share * (drops - falls)
    else:
        value, derivative = gaussian(u) if shape == "gaussian" else lorentzian(u)
    value, height = value * narrow, area * narrow
    along = [-height * narrow * derivative, -area * value - height * u * derivative, value, torch.ones_like(x), x]
    if shape == "pseudo-voigt":
        along.append(height * (tail - bell))
    return torch.addcmul(offset + slope * x, area, value), torch.stack(along, 1)


def one_peak(shape: Shape, x: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a peak on a straight line, and its derivatives, in numpy.

    Parameters
    ----------
    shape
        Of the peak.
    x
        Shape ``(points,)``.
    parameters
        As those of `peak`, shape ``(5 or 6,)``.

    Returns
    -------
        Shape ``(points,)`` and ``(5 or 6, points)``.
    """
    position, width, area, offset, slope, *share = parameters.tolist()
    narrow = math.exp(-width)
    u = (x - position) * narrow
    value, derivative = lorentzian(u) if shape == "lorentzian" else gaussian(u)
    along = np.ones((len(parameters), len(x)))
    if share:
        tail, drops = lorentzian(u)
        np.multiply(tail - value, area * narrow, out=along[5])
        value, derivative = value + share[0] * (tail - value), derivative + share[0] * (drops - derivative)
    np.multiply(derivative, -area * narrow**2, out=along[0])
    np.multiply(value, narrow, out=along[2])
    along[1] = -area * along[2] - area * narrow * u * derivative
    along[4] = x
    return area * along[2] + offset + slope * x, along
