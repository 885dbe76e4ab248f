"""Numbers of a diffraction curve: its mean intensity between two values of q or 2θ."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.azimuthal import AzimuthalIntegration, AzimuthalState
from autoexp.reduction.records import FloatArray, FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse


@dataclass(frozen=True, slots=True)
class Band:
    """A range of the radial axis.

    Parameters
    ----------
    name
        Of the field.
    low, high
        In the unit of the integration; points of the curve between them belong to it.

    Raises
    ------
    ReductionError
        If it is empty, or named as the curve is.
    """

    name: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ReductionError(f"low must be below high, got low={self.low}, high={self.high} for {self.name!r}")
        if self.name == "intensity":
            raise ReductionError("a band needs a name of its own, got 'intensity', which is the curve's")


@dataclass(frozen=True, slots=True)
class BandIntensities:
    """The curve of an azimuthal integration, and its mean in each band.

    The mean is over the points of the curve, all of one weight; points without a pixel do not enter, and are
    flagged. Its sigma takes the points as independent, which they are for ``splitting="no"``.

    Parameters
    ----------
    integration
        Makes the curve; of one sector.
    bands
        What to average.

    Raises
    ------
    ReductionError
        If there are sectors, or two bands have one name.
    """

    integration: AzimuthalIntegration
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        if self.integration.sectors != 1:
            raise ReductionError(f"bands need a curve of one sector, got {self.integration.sectors}")
        names = [band.name for band in self.bands]
        if len(set(names)) < len(names):
            raise ReductionError(f"each band needs a name of its own, got {names}")

    def init(self, spec: FrameSpec) -> AzimuthalState:
        """Return the state before any frame."""
        return self.integration.init(spec)

    def update(self, state: AzimuthalState, frames: Tensor | Frames, meta: FrameMeta) -> AzimuthalState:
        """Add a batch, shape ``(n, y, x)``."""
        return self.integration.update(state, frames, meta)

    def merge(self, a: AzimuthalState, b: AzimuthalState) -> AzimuthalState:
        """Join what two workers saw."""
        return self.integration.merge(a, b)

    def warmup(self, spec: FrameSpec) -> None:
        """Compute the geometry and allocate before beam."""
        rehearse(self, spec)

    def read(self, state: AzimuthalState) -> Mapping[str, Reduced]:
        """Return one field per band, and the curve as ``intensity``."""
        curve = self.integration.read(state)["intensity"]
        radial = curve.axes[curve.dims[0]].values
        return {band.name: _mean(curve, radial, band) for band in self.bands} | {"intensity": curve}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"bands": {band.name: [band.low, band.high] for band in self.bands}} | dict(self.integration.settings())


def _mean(curve: Reduced, radial: FloatArray, band: Band) -> Reduced:
    inside = (radial >= band.low) & (radial <= band.high)
    known = inside & np.isfinite(curve.value)
    count = int(known.sum())
    flags = curve.flags | (Flags.INCOMPLETE if curve.n_frames and count < max(1, int(inside.sum())) else Flags.NONE)
    if count == 0:
        return number(math.nan, math.nan, curve.unit, curve.n_frames, flags)
    sigma = math.sqrt(float(np.square(curve.sigma[known]).sum())) / count
    return number(float(curve.value[known].mean()), sigma, curve.unit, curve.n_frames, flags)
