"""How slices are drawn from projections: size, filter, unit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.records import Axis, FloatArray
from autoexp.reduction.tomography.backprojection import BackProjection, back_projection
from autoexp.reduction.tomography.filters import Window
from autoexp.reduction.tomography.halves import by_direction, disagreement
from autoexp.reduction.tomography.iterative import Iterative
from autoexp.reduction.tomography.normal import normal_equations
from autoexp.reduction.tomography.projections import Views


class Places(TypedDict):
    """Where pixels are."""

    axis: float
    size: int
    pixel: float


@dataclass(frozen=True, slots=True)
class Look:
    """How slices are drawn.

    Parameters
    ----------
    columns
        Of the projections.
    centre
        Column of the axis of rotation.
    window
        Of the filter.
    pixel
        Side of a slice's pixel in columns.
    scale
        Side of a column in the unit of lengths.
    iterative
        How slices are refined after back-projection, if at all.
    """

    columns: int
    centre: float
    window: Window
    pixel: float
    scale: float
    iterative: Iterative | None = None

    @property
    def size(self) -> int:
        """Rows and columns of a slice."""
        return math.ceil(self.columns / self.pixel)

    def axis(self, unit: str) -> Axis:
        """Return where the pixels of a slice are, from the axis of rotation."""
        place = np.arange(self.size, dtype=np.float64) - (self.size - 1) / 2
        return Axis(place * (self.pixel * self.scale), unit)

    def drawn(self, views: Views) -> tuple[FloatArray, bool]:
        """Return values and sigmas of slices, shape ``(2, rows, size, size)``, and whether iterations converged.

        A slice of which nothing was seen is NaN.
        """
        rows = views.lines.shape[1]
        pictures, converged = np.full((2, rows, self.size, self.size), np.nan), True
        draw, planned = None, torch.zeros(0)
        for picture, row in zip(pictures.swapaxes(0, 1), range(rows), strict=True):
            seen = (views.found[:, row] > 0).nonzero().squeeze(-1)
            if len(seen) == 0:
                continue
            if draw is None or not torch.equal(seen, planned):
                draw, planned = self._drawing(views.angles[seen]), seen
            value, sigma, settled = draw(views.lines[seen, row], views.variances[seen, row])
            picture[0], picture[1], converged = value.cpu(), sigma.cpu(), converged and settled
        return pictures / self.scale, converged

    def plan(self, angles: Tensor) -> BackProjection:
        """Return the back-projection for some angles."""
        if self.iterative is None:
            return back_projection(angles, self.columns, window=self.window, **self._places())
        smoothness = self.iterative.smoothness
        return back_projection(angles, self.columns, window="ramp", smoothness=smoothness, **self._places())

    def _drawing(self, angles: Tensor) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor, bool]]:
        """Return what makes a slice, its sigma and whether it converged from lines and their variances."""
        plan, iterative = self.plan(angles), self.iterative
        if iterative is None:
            return lambda lines, variances: (plan.slice(lines), plan.variance(variances).sqrt(), True)
        smear, operator = normal_equations(angles, self.columns, **self._places())

        def refined(lines: Tensor, variances: Tensor) -> tuple[Tensor, Tensor, bool]:
            start = plan.slice(lines)
            solution = iterative.solve(operator, smear(lines), plan.inside, start, pixel=self.pixel)
            return solution.picture, plan.variance(variances).sqrt(), solution.converged

        return refined

    def _places(self) -> Places:
        return {"axis": self.centre, "size": self.size, "pixel": self.pixel}

    def disagreement(self, views: Views) -> tuple[float, float]:
        """Return how far the slice of the first row is from settled, and its sigma; see `disagreement`."""
        seen = views[views.found[:, 0] > 0]
        order = by_direction(seen.angles)
        value, sigma = disagreement(self.plan, seen.angles[order], seen.lines[order, 0])
        return value / self.scale, sigma / self.scale
