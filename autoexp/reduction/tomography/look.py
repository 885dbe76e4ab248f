"""How slices are drawn from projections: size, filter, unit."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.records import Axis, FloatArray
from autoexp.reduction.tomography.backprojection import BackProjection, back_projection
from autoexp.reduction.tomography.filters import Window
from autoexp.reduction.tomography.halves import by_direction, disagreement
from autoexp.reduction.tomography.projections import Views


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
    """

    columns: int
    centre: float
    window: Window
    pixel: float
    scale: float

    @property
    def size(self) -> int:
        """Rows and columns of a slice."""
        return math.ceil(self.columns / self.pixel)

    def axis(self, unit: str) -> Axis:
        """Return where the pixels of a slice are, from the axis of rotation."""
        return Axis((np.arange(self.size) - (self.size - 1) / 2) * (self.pixel * self.scale), unit)

    def plan(self, angles: Tensor) -> BackProjection:
        """Return the back-projection for some angles."""
        return back_projection(
            angles, self.columns, axis=self.centre, size=self.size, pixel=self.pixel, window=self.window
        )

    def slices(self, views: Views, rows: tuple[int, ...]) -> FloatArray:
        """Return values and sigmas of slices, shape ``(2, rows, size, size)``; NaN where nothing was seen.

        Parameters
        ----------
        views
            Projections.
        rows
            By number of the rows kept.
        """
        pictures = np.full((2, len(rows), self.size, self.size), np.nan)
        plan, planned = None, torch.zeros(0)
        for picture, row in zip(pictures.swapaxes(0, 1), rows, strict=True):
            seen = (views.found[:, row] > 0).nonzero().squeeze(-1)
            if len(seen) == 0:
                continue
            if plan is None or not torch.equal(seen, planned):
                plan, planned = self.plan(views.angles[seen]), seen
            picture[0] = plan.slice(views.lines[seen, row]).cpu()
            picture[1] = plan.variance(views.variances[seen, row]).sqrt().cpu()
        return pictures / self.scale

    def disagreement(self, views: Views, row: int) -> tuple[float, float]:
        """Return how far the slice of a row is from settled, and its sigma; see `disagreement`."""
        seen = views[views.found[:, row] > 0]
        order = by_direction(seen.angles)
        value, sigma = disagreement(self.plan, seen.angles[order], seen.lines[order, row])
        return value / self.scale, sigma / self.scale
