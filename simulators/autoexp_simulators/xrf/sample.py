"""Cells on a film, and what is in them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A flat ellipse with a soft edge, and a nucleus in its middle.

    Parameters
    ----------
    x, y
        Its middle in um.
    half_axes
        In um.
    turn
        Of the first axis from x towards y, in radians.
    body, nucleus
        Areal density of each element in the cell, and how much more of it in its nucleus, in ug/cm².
    """

    x: float
    y: float
    half_axes: tuple[float, float]
    turn: float
    body: tuple[float, ...]
    nucleus: tuple[float, ...]

    def radius(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the distance from its middle, 1 at its edge."""
        dx, dy = x - self.x, y - self.y
        along = (dx * math.cos(self.turn) + dy * math.sin(self.turn)) / self.half_axes[0]
        across = (dy * math.cos(self.turn) - dx * math.sin(self.turn)) / self.half_axes[1]
        return np.hypot(along, across)

    def densities(self, x: FloatArray, y: FloatArray, softness: float) -> FloatArray:
        """Return areal densities at places in um, shape ``(elements, ...)``.

        Parameters
        ----------
        x, y
            Of one shape.
        softness
            Width of edges as a share of the radius.
        """
        radius = self.radius(x, y)
        body, nucleus = (0.5 - 0.5 * np.tanh((radius - edge) / softness) for edge in (1.0, 0.35))
        whole = np.multiply.outer(np.array(self.body), body) + np.multiply.outer(np.array(self.nucleus), nucleus)
        return np.asarray(whole)


def random_cells(generator: np.random.Generator, count: int, half: float) -> tuple[Cell, ...]:
    """Return cells that do not touch, within `half` um of the middle, with the elements of `elements.ELEMENTS`.

    Potassium and calcium stand in the whole cell, zinc and copper rather in the nucleus; every third cell is rich in
    iron, every other in manganese.
    """
    cells: list[Cell] = []
    for _ in range(200 * count):
        x, y = (float(value) for value in generator.uniform(-0.8 * half, 0.8 * half, 2))
        if len(cells) < count and all(math.hypot(x - each.x, y - each.y) > 0.57 * half for each in cells):
            cells.append(_cell(generator, x, y, half, len(cells)))
    return tuple(cells)


def _cell(generator: np.random.Generator, x: float, y: float, half: float, place: int) -> Cell:
    long, short = (float(value) for value in generator.uniform((0.18, 0.12), (0.28, 0.18)) * half)
    iron, manganese = (1.2 if place % 3 == 0 else 0.25), (0.3 if place % 2 else 0.05)
    body = np.array([4.0, 1.5, manganese, iron, 0.05, 0.2]) * generator.uniform(0.7, 1.4, 6)
    nucleus = np.array([0.0, 0.0, 0.0, 0.0, 0.1, 0.5]) * generator.uniform(0.7, 1.4, 6)
    contents = [tuple(float(value) for value in part) for part in (body, nucleus)]
    return Cell(x, y, (long, short), float(generator.uniform(0.0, math.pi)), contents[0], contents[1])
