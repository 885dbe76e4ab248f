"""How far a slice is from settled: what two halves of the projections make of it.

References
----------
.. [1] M. van Heel and M. Schatz, J. Struct. Biol. 151, 250 (2005): independent half data sets as a measure.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from autoexp.reduction.tomography.backprojection import BackProjection

_FEWEST = 4


def disagreement(plan: Callable[[Tensor], BackProjection], angles: Tensor, lines: Tensor) -> tuple[float, float]:
    """Return half the rms difference of slices from every other projection, per column, and its sigma [1]_.

    For evenly spaced angles that is the error which noise and gaps between angles leave in the slice of all; it
    falls while projections still teach something. Sigma is that of a mean over as many pixels as there are rays.

    Parameters
    ----------
    plan
        Makes a back-projection for angles.
    angles, lines
        By ascending angle modulo 180 degrees, shapes ``(n,)`` and ``(n, columns)``; NaN below four.
    """
    if len(angles) < _FEWEST:
        return math.nan, math.nan
    first, second = (plan(angles[part::2]) for part in (0, 1))
    inside = first.inside
    square = (0.25 * (first.slice(lines[::2]) - second.slice(lines[1::2]))[inside] ** 2).double()
    mean = float(square.mean())
    independent = min(square.numel(), lines.numel())
    sigma = float(square.std()) / math.sqrt(independent)
    return math.sqrt(mean), 0.5 * sigma / math.sqrt(mean) if mean > 0 else 0.0


def by_direction(angles: Tensor) -> Tensor:
    """Return the order of angles, in rad, modulo half a turn."""
    return torch.argsort(angles.remainder(math.pi), stable=True)
