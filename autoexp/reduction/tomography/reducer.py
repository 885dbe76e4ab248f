"""A reconstruction that grows with each projection."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.frames import lift
from autoexp.reduction.records import Axis, FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.tomography.axis import axis_by_mass, axis_by_pairs
from autoexp.reduction.tomography.filters import Window
from autoexp.reduction.tomography.iterative import Iterative
from autoexp.reduction.tomography.lines import line_integrals
from autoexp.reduction.tomography.look import Look
from autoexp.reduction.tomography.projections import Projections, Views, views_of

_NOTHING = (math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Tomography:
    """Slices of the attenuation coefficient from the projections so far, in a parallel beam.

    Each frame is a projection; its angle in degrees is ``angle`` of `FrameMeta.coordinates`. Rows are slices and
    columns lie across the axis of rotation. `read` gives

    - ``slices``, the attenuation by row, y and x, by filtered back-projection [1]_ of all projections, each counted by
      the part of the half circle that is nearest to its angle; sigma by propagation of the counts' variance,
    - ``disagreement``, half the rms difference between what every other projection makes of the first row: how far
      the slice is from settled,
    - ``axis``, the column of the axis of rotation: by opposite projections, else by centres of mass.

    Projections are kept, so that any other row can be read with `slice` at any time. A frame takes 8 bytes per pixel
    of the rows kept.

    Parameters
    ----------
    rows
        Which slices `read` shows.
    axis
        Column of the axis of rotation; by default what `read` finds, or the middle while it finds none.
    white
        Counts of a pixel without sample; 1 where frames were divided by them before.
    air
        Columns at each edge that never see the sample; where there are, their mean in each frame is `white`.
    window
        Of the filter: ``"linear"``, ``"hann"``, ``"shepp-logan"``, or ``"ramp"`` for none, which is sharpest and shows
        most noise and streaks; not used with `iterative`.
    pixel
        Side of a slice's pixel in columns, 1 or more.
    pixel_size, unit
        Side of a camera's pixel.
    kept
        First row and one past the last that are kept; all by default.
    iterative
        With it slices are refined by regularised least squares, from back-projection on. Their sigma is that of
        back-projection with the filter that is as smooth; where attenuation is kept from being negative it is less.

    Raises
    ------
    ReductionError
        If there is no row, one is not kept, or a number makes no sense.

    References
    ----------
    .. [1] A. C. Kak and M. Slaney, Principles of Computerized Tomographic Imaging (1988), section 3.3.
    """

    rows: tuple[int, ...]
    axis: float | None = None
    white: float = 1.0
    air: int = 0
    window: Window = "linear"
    pixel: float = 1.0
    pixel_size: float = 1.0
    unit: str = "px"
    kept: tuple[int, int] | None = None
    iterative: Iterative | None = None

    def __post_init__(self) -> None:
        low, high = (0, math.inf) if self.kept is None else self.kept
        if not self.rows or not all(low <= row < high for row in self.rows):
            raise ReductionError(f"rows must be kept, from {low} to below {high}, got {self.rows}")
        if not (0 < self.white < math.inf and 0 < self.pixel_size < math.inf):
            raise ReductionError(f"white and pixel_size must be positive, got {self.white} and {self.pixel_size}")
        if not 1 <= self.pixel < math.inf or self.air < 0:
            raise ReductionError(f"pixel must be 1 or more and air 0 or more, got {self.pixel} and {self.air}")

    def init(self, spec: FrameSpec) -> Projections:
        """Return the state before any projection."""
        return Projections(spec.shape, (), spec.device)

    def update(self, state: Projections, frames: Tensor | Frames, meta: FrameMeta) -> Projections:
        """Add a batch of projections, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If they have another shape than before or no such row, or there is not one angle for each.
        """
        lifted = lift(frames, state.device)
        if tuple(lifted.values.shape[1:]) != state.shape:
            raise ReductionError(f"frames must be {state.shape} as before, got {tuple(lifted.values.shape[1:])}")
        angles = meta.coordinates.get("angle", torch.empty(0))
        if angles.shape != lifted.values.shape[:1]:
            n = len(lifted.values)
            raise ReductionError(f"coordinates must have one angle per frame, got {tuple(angles.shape)} for {n} frames")
        if max(self.rows) >= state.shape[0]:
            raise ReductionError(f"rows must be below {state.shape[0]} as frames have, got {self.rows}")
        return state.add(views_of(line_integrals(lifted, self.white, self.air), angles, slice(*(self.kept or (None,)))))

    def merge(self, a: Projections, b: Projections) -> Projections:
        """Join what two workers saw."""
        return a.merge(b)

    def warmup(self, spec: FrameSpec) -> None:
        """Do once what the first slices need.

        Raises
        ------
        ReductionError
            If frames have no such rows.
        """
        grey = torch.full((8, *spec.shape), 0.5 * self.white)
        meta = FrameMeta(coordinates={"angle": torch.arange(8, dtype=torch.float64) * 22.5})
        self.read(self.update(self.init(spec), grey, meta))

    def read(self, state: Projections) -> Mapping[str, Reduced]:
        """Return ``slices``, ``disagreement`` and ``axis``."""
        columns = state.shape[1]
        found, settled, look = _NOTHING, _NOTHING, self._look(columns, math.nan)
        pictures = np.full((2, len(self.rows), look.size, look.size), np.nan)
        n, flags, converged = state.n_frames, Flags.NO_FRAMES, True
        if n > 0:
            views = state.rows(*self._places(*self.rows))
            found, flags = found_axis(views), seen_flags(views)
            look = self._look(columns, found[0])
            pictures, converged = look.drawn(views)
            settled = look.disagreement(views)
        axes = {
            "row": Axis(np.array(self.rows, dtype=float), "px"),
            "y": look.axis(self.unit),
            "x": look.axis(self.unit),
        }
        drawn = flags | _unfinished(converged)
        slices = Reduced(pictures[0], pictures[1], f"1/{self.unit}", ("row", "y", "x"), axes, n, drawn)
        unknown = flags if math.isfinite(found[0]) else flags | Flags.UNRESOLVED
        return {
            "slices": slices,
            "disagreement": number(*settled, f"1/{self.unit}", n, flags),
            "axis": number(*found, "px", n, unknown),
        }

    def slice(self, state: Projections, row: int) -> Reduced:
        """Return the slice of any row that is kept, by y and x.

        Raises
        ------
        ReductionError
            If it is not kept, or there is no projection.
        """
        low, high = self.kept or (0, state.shape[0])
        if not low <= row < high:
            raise ReductionError(f"row must be kept, from {low} to below {high}, got {row}")
        views = state.rows(*self._places(row))
        look = self._look(state.shape[1], found_axis(views)[0])
        pictures, converged = look.drawn(views)
        axes = {"y": look.axis(self.unit), "x": look.axis(self.unit)}
        flags = seen_flags(views) | _unfinished(converged)
        value, sigma = pictures[:, 0]
        return Reduced(value, sigma, f"1/{self.unit}", ("y", "x"), axes, state.n_frames, flags)

    def _look(self, columns: int, found: float) -> Look:
        known = found if self.axis is None else self.axis
        centre = known if 0 <= known < columns else (columns - 1) / 2
        return Look(columns, centre, self.window, self.pixel, self.pixel_size, self.iterative)

    def _places(self, *rows: int) -> tuple[int, ...]:
        first = 0 if self.kept is None else self.kept[0]
        return tuple(row - first for row in rows)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return asdict(self) | {"rows": list(self.rows), "kept": None if self.kept is None else list(self.kept)}


def found_axis(views: Views) -> tuple[float, float]:
    """Return the column of the axis of rotation and its sigma: by opposite projections, else by centres of mass."""
    lit = views[(views.found > 0).any(1)]
    found = axis_by_pairs(lit.angles, lit.profiles, lit.profile_variances)
    return found if math.isfinite(found[0]) else axis_by_mass(lit.angles, lit.profiles, lit.profile_variances)


def seen_flags(views: Views) -> Flags:
    """Return whether pixels were masked, and whether rows of projections were left out for having none valid."""
    masked = bool((views.found < views.lines.shape[2]).any())
    missing = bool((views.found == 0).any())
    return (Flags.MASKED if masked else Flags.NONE) | (Flags.INCOMPLETE if missing else Flags.NONE)


def _unfinished(converged: bool) -> Flags:
    return Flags.NONE if converged else Flags.NOT_CONVERGED
