"""Regions of a map that stand out, and ways through them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from autoexp.dofs import FloatArray

Indices = NDArray[np.intp]

_ALIKE = 1e-12


@dataclass(frozen=True, slots=True)
class Segment:
    """A connected region of a map above a level.

    Parameters
    ----------
    cells
        Indices of its cells, shape ``(k, d)``.
    excess
        Sum over its cells of what the value exceeds the level by.
    """

    cells: Indices
    excess: float


def otsu(values: FloatArray, bins: int = 256) -> float:
    """Return the level that parts values into two classes with the greatest variance between them.

    N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979).

    Parameters
    ----------
    values
        One or more, of any shape; of values that are alike it is the greatest.
    bins
        Of the histogram.
    """
    highest = float(np.max(values))
    if float(np.ptp(values)) <= _ALIKE * abs(highest):
        return highest
    counts, edges = np.histogram(values, bins)
    centres = 0.5 * (edges[1:] + edges[:-1])
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    inside = (below > 0) & (above > 0)
    if not inside.any():
        return float(edges[-1])
    means = sums[:-1] / np.maximum(below, 1), (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    between = np.where(inside, below * above * np.square(means[1] - means[0]), -1.0)
    best = np.flatnonzero(between == between.max())
    return float(edges[1:-1][best].mean())


def segments(values: FloatArray, level: float, smallest: int = 1) -> list[Segment]:
    """Return the regions of a map above `level`, those with the greatest excess first.

    Parameters
    ----------
    values
        The map, of any number of dimensions; NaN where there is nothing to measure.
    level
        In the unit of the values.
    smallest
        How few cells make a region.
    """
    marked, count = ndimage.label(np.nan_to_num(values, nan=-np.inf) > level)
    found = list[Segment]()
    for number in range(1, count + 1):
        cells = np.argwhere(marked == number)
        if len(cells) >= smallest:
            found.append(Segment(cells, float((values[tuple(cells.T)] - level).sum())))
    return sorted(found, key=lambda segment: -segment.excess)


def grown(segment: Segment, shape: Sequence[int], by: int) -> Indices:
    """Return the cells of a region and of a margin `by` cells wide around it, in a map of `shape`."""
    mask = np.zeros(tuple(shape), dtype=bool)
    mask[tuple(segment.cells.T)] = True
    wide = ndimage.binary_dilation(mask, iterations=by) if by else mask
    return np.argwhere(wide)


def snake(cells: Indices) -> Indices:
    """Return cells, shape ``(k, d)``, row by row, back and forth."""
    turns = np.cumsum(cells, axis=1) - cells
    keys = np.where(turns % 2 == 0, cells, -cells)
    keys[:, 0] = cells[:, 0]
    return cells[np.lexsort(keys.T[::-1])]
