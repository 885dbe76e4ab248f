"""Speckle visibility: how much contrast is left when frames of moving speckles are added."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.bands import Band
from autoexp.reduction.geometry import Poni, RadialUnit
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum


@dataclass(frozen=True, slots=True, eq=False)
class SpeckleState:
    """The sum of the frames, and where the bands are.

    Parameters
    ----------
    frames
        Sums of the frames.
    pixels
        Flat index of each band's pixels.
    """

    frames: FrameSum
    pixels: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class SpeckleContrast:
    """Contrast of the sum of all frames in each band of q: ``(var(s) - mean(v)) / mean(s)²`` over its pixels.

    ``s`` are a pixel's counts in all frames, ``v`` their variance by counting. For speckles that move it is
    ``beta`` times the mean of ``|g1|²`` over all pairs of frames (R. Bandyopadhyay et al., Rev. Sci. Instrum. 76,
    093110 (2005)): the slower, the higher. Whatever varies over a band without moving adds to it, so bands are narrow.

    The sigma is that of a mean over the pixels, as if so many of them as belong to one speckle were one.

    Parameters
    ----------
    geometry
        Where the detector stands.
    bands
        Of the radial axis.
    unit
        Of the bands, as pyFAI writes it.
    speckle
        Area of a speckle in pixels.

    Raises
    ------
    ReductionError
        If two bands have one name, or `speckle` is below one pixel.
    """

    geometry: Poni
    bands: tuple[Band, ...]
    unit: RadialUnit = "q_A^-1"
    speckle: float = 1.0

    def __post_init__(self) -> None:
        names = [band.name for band in self.bands]
        if len(set(names)) < len(names):
            raise ReductionError(f"each band needs a name of its own, got {names}")
        if not 1 <= self.speckle < math.inf:
            raise ReductionError(f"speckle must be one pixel or more, got {self.speckle}")

    def init(self, spec: FrameSpec) -> SpeckleState:
        """Compute which pixels belong to which band, and return the state before any frame."""
        two_theta, _ = self.geometry.directions(*self.geometry.centres())
        radial = self.geometry.radial(two_theta, self.unit).reshape(-1)
        inside = [((radial >= band.low) & (radial <= band.high)).nonzero().squeeze(-1) for band in self.bands]
        return SpeckleState(FrameSum.empty(spec), tuple(each.to(spec.device) for each in inside))

    def update(self, state: SpeckleState, frames: Tensor | Frames, meta: FrameMeta) -> SpeckleState:
        """Add a batch, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If the frames are not those of the geometry's detector.
        """
        if state.frames.shape != self.geometry.shape:
            raise ReductionError(f"frames must be {self.geometry.shape} as the detector is, got {state.frames.shape}")
        return replace(state, frames=state.frames.add(frames))

    def merge(self, a: SpeckleState, b: SpeckleState) -> SpeckleState:
        """Join what two workers saw."""
        return replace(a, frames=a.frames.merge(b.frames))

    def warmup(self, spec: FrameSpec) -> None:
        """Compute the geometry and allocate before beam."""
        rehearse(self, spec)

    def read(self, state: SpeckleState) -> Mapping[str, Reduced]:
        """Return one field per band; pixels that missed a frame do not enter."""
        return {
            band.name: self._contrast(state.frames, pixels)
            for band, pixels in zip(self.bands, state.pixels, strict=True)
        }

    def _contrast(self, frames: FrameSum, pixels: Tensor) -> Reduced:
        n = frames.n_frames
        if n == 0:
            return number(math.nan, math.nan, "", 0, Flags.NO_FRAMES)
        flags = Flags.NONE if frames.missing is None else Flags.MASKED
        if frames.missing is not None:
            pixels = pixels[frames.missing.reshape(-1)[pixels] == 0]
        counts, variance = frames.total.reshape(-1)[pixels], frames.variances.reshape(-1)[pixels]
        mean = float(counts.mean()) if len(pixels) > 1 else 0.0
        if not mean > 0:
            return number(math.nan, math.nan, "", n, flags | Flags.NO_SIGNAL)
        excess = ((counts - mean) ** 2 - variance) / mean**2
        # to first order the mean, too, is that of these pixels
        spread = excess - 2.0 * float(excess.mean()) * (counts / mean - 1.0)
        sigma = float(spread.std()) * math.sqrt(self.speckle / len(pixels))
        return number(float(excess.sum()) / (len(pixels) - 1), sigma, "", n, flags)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        bands = {band.name: [band.low, band.high] for band in self.bands}
        return {"geometry": dict(self.geometry.settings()), "bands": bands} | {
            "unit": self.unit,
            "speckle": self.speckle,
        }
