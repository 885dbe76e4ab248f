"""Azimuthal integration: a diffraction pattern as a curve over q or 2θ."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError, listed
from autoexp.flags import Flags
from autoexp.reduction import rebin
from autoexp.reduction.geometry import PINT_UNITS, Poni, RadialUnit
from autoexp.reduction.records import Axis, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum

Splitting = Literal["no", "full"]


@dataclass(frozen=True, slots=True, eq=False)
class AzimuthalState:
    """The frames summed so far, and what integrates them, on their device.

    Parameters
    ----------
    frames
        Sums of the frames.
    binning
        Shares of the pixels in the bins.
    norm
        What a pixel would count at intensity 1, shape ``(pixels,)``.
    norms
        The same of whole bins, if every pixel is valid, shape ``(bins,)``.
    bin_of
        The only bin of each pixel, shape ``(pixels,)``, one past the last for none; None where pixels
        are split.
    axes
        Coordinates of the curve.
    """

    frames: FrameSum
    binning: rebin.Blocked
    norm: Tensor
    norms: Tensor
    bin_of: Tensor | None
    axes: Mapping[str, Axis]

    def binned(self, values: Tensor, bound: float = math.inf) -> Tensor:
        """Sum values by bin, shape ``(pixels,)`` to ``(bins,)``, counts of at most `bound` exactly."""
        if self.bin_of is None or bound * self.binning.longest < 2**24:
            return self.binning.sums(values.float())
        return torch.bincount(self.bin_of, values.double(), len(self.norms) + 1)[:-1]

    def binned_squares(self, variances: Tensor) -> Tensor:
        """Sum variances by bin, with the squares of the shares."""
        return self.binning.sums_of_squares(variances.float()) if self.bin_of is None else self.binned(variances)


@dataclass(frozen=True, slots=True)
class AzimuthalIntegration:
    """I(q) or I(2θ) of the mean frame, per frame, with the sigma of its counts.

    In each bin ``I = sum(w s) / sum(w n)`` and ``sigma = sqrt(sum(w² v)) / sum(w n)``, with the signal
    ``s``, its variance ``v``, the share ``w`` of a pixel in the bin and its normalisation ``n``, solid
    angle times polarisation (J. Kieffer et al., J. Synchrotron Rad. 27, 558 (2020)). Bins that hold no
    valid pixel are NaN.

    Parameters
    ----------
    geometry
        Where the detector stands.
    bins
        Points of the curve.
    unit
        Of the radial axis, as pyFAI writes it.
    splitting
        ``"no"`` puts a pixel into the bin of its centre; ``"full"`` shares it by area.
    range
        Outer edges of the bins in `unit`, low and high; by default what the pixels cover.
    sectors
        Into how many equal ranges of χ, from -180 degrees on, the pattern is cut.
    solid_angle
        Whether to correct for the pixels' solid angles.
    polarisation
        Polarisation factor of the beam to correct for, -1 to 1; None for no correction.
    clip
        Leave out pixels that deviate from the mean of their bin by more than so many standard
        deviations, five times over; None keeps all. For ``splitting="no"``.

    Raises
    ------
    ReductionError
        If `bins` or `sectors` is no integer or below one, `unit` or `splitting` is none of those above, `range` does
        not ascend, `polarisation` is no factor, or `clip` is asked for together with splitting.
    """

    geometry: Poni
    bins: int = 1000
    unit: RadialUnit = "q_A^-1"
    splitting: Splitting = "no"
    range: tuple[float, float] | None = None
    sectors: int = 1
    solid_angle: bool = True
    polarisation: float | None = None
    clip: float | None = None

    def __post_init__(self) -> None:
        if not all(isinstance(count, Integral) and count >= 1 for count in (self.bins, self.sectors)):
            raise ReductionError(f"bins and sectors must be integers from one on, got {self.bins} and {self.sectors}")
        for name, known in (("unit", get_args(RadialUnit)), ("splitting", get_args(Splitting))):
            if getattr(self, name) not in known:
                raise ReductionError(f"{name} must be one of {listed(known)}, got {getattr(self, name)!r}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.range is not None and not -math.inf < self.range[0] < self.range[1] < math.inf:
            low, high = self.range
            raise ReductionError(f"low must be below high, both finite, got low={low}, high={high} for range")
        if self.polarisation is not None and not -1 <= self.polarisation <= 1:
            raise ReductionError(f"polarisation must be from -1 to 1, got {self.polarisation}")
        if self.clip is not None and (self.splitting != "no" or not self.clip > 0):
            raise ReductionError(
                f"clip must be positive and without splitting, got {self.clip} with {self.splitting!r}"
            )

    def init(self, spec: FrameSpec) -> AzimuthalState:
        """Compute where each pixel goes, and return the state before any frame."""
        weights = self.weights()
        norm = self.normalisation()
        norms = weights.sums(norm).to(spec.device)
        bin_of = weights.bin_of().to(spec.device) if self.splitting == "no" else None
        binning = weights.blocked(spec.device)
        return AzimuthalState(FrameSum.empty(spec), binning, norm.to(spec.device), norms, bin_of, self._axes())

    def update(self, state: AzimuthalState, frames: Tensor | Frames, meta: FrameMeta) -> AzimuthalState:
        """Add a batch, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If the frames are not those of the geometry's detector.
        """
        if state.frames.shape != self.geometry.shape:
            raise ReductionError(f"frames must be {self.geometry.shape} as the detector is, got {state.frames.shape}")
        return replace(state, frames=state.frames.add(frames))

    def merge(self, a: AzimuthalState, b: AzimuthalState) -> AzimuthalState:
        """Join what two workers saw."""
        return replace(a, frames=a.frames.merge(b.frames))

    def warmup(self, spec: FrameSpec) -> None:
        """Compute the geometry and allocate before beam."""
        rehearse(self, spec)

    def read(self, state: AzimuthalState) -> Mapping[str, Reduced]:
        """Return ``intensity`` over the radial axis, by sector where there is more than one."""
        frames, shape = state.frames, self._dims_and_shape()[1]
        if frames.n_frames == 0:
            nothing = np.full(shape, np.nan)
            return {"intensity": self._reduced(state, nothing, nothing, Flags.NO_FRAMES)}
        signal, norms = frames.values.reshape(-1), state.norms * frames.n_frames
        variance = signal if _are_counts(frames) else frames.variances.reshape(-1)
        if frames.missing is not None or self.clip is not None:
            norm = state.norm * (frames.seen.reshape(-1) if isinstance(frames.seen, Tensor) else frames.seen)
            keep = (norm > 0).to(norm.dtype) if self.clip is None else _clipped(state, signal, norm, self.clip)
            signal, variance, norms = signal * keep, variance * keep, state.binned(norm * keep)
        norms = torch.where(norms > 0, norms, torch.nan)
        sums = state.binned(signal, frames.bound)
        spread = sums if variance is signal and state.bin_of is not None else state.binned_squares(variance)
        flags = Flags.NONE if frames.missing is None else Flags.MASKED
        value, sigma = _numpy(sums / norms, shape), _numpy(spread.sqrt() / norms, shape)
        return {"intensity": self._reduced(state, value, sigma, flags)}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        names = ("bins", "unit", "splitting", "range", "sectors", "solid_angle", "polarisation", "clip")
        return {"geometry": dict(self.geometry.settings())} | {name: getattr(self, name) for name in names}

    def edges(self) -> tuple[float, float]:
        """Return the outer edges of the bins, in `unit`."""
        if self.range is not None:
            return self.range
        at = self.geometry.centres() if self.splitting == "no" else self.geometry.corners()
        radial = self.geometry.radial(self.geometry.directions(*at)[0], self.unit)
        return float(radial.min()), float(radial.max())

    def weights(self) -> rebin.Weights:
        """Return which share of each pixel falls into which bin; sector by sector."""
        low, high = self.edges()
        two_theta, chi = self.geometry.directions(*self.geometry.centres())
        if self.splitting == "no":
            found = rebin.whole(self.geometry.radial(two_theta, self.unit), low, high, self.bins)
        else:
            corners, angles = self.geometry.directions(*self.geometry.corners())
            found = rebin.split(self.geometry.radial(corners, self.unit), angles, low, high, self.bins)
        if self.sectors == 1:
            return found
        sector = torch.floor((chi.reshape(-1) + math.pi) * (self.sectors / (2.0 * math.pi))).to(torch.int64)
        bins = sector.clamp(max=self.sectors - 1)[found.pixels] * self.bins + found.bins
        order = torch.argsort(bins * found.n_pixels + found.pixels)
        parts = (bins[order], found.pixels[order], found.shares[order])
        return rebin.Weights(*parts, self.bins * self.sectors, found.n_pixels)

    def normalisation(self) -> Tensor:
        """Return what each pixel would count at intensity 1, shape ``(pixels,)``."""
        norm = torch.ones(self.geometry.shape, dtype=torch.float64)
        if self.solid_angle:
            norm = norm * self.geometry.solid_angle()
        if self.polarisation is not None:
            norm = norm * self.geometry.polarisation(self.polarisation)
        return norm.reshape(-1)

    def _dims_and_shape(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        radial = "2theta" if self.unit == "2th_deg" else "q"
        return ((radial,), (self.bins,)) if self.sectors == 1 else (("chi", radial), (self.sectors, self.bins))

    def _axes(self) -> Mapping[str, Axis]:
        dims, _ = self._dims_and_shape()
        axes = {dims[-1]: Axis(_middles(*self.edges(), self.bins), PINT_UNITS[self.unit])}
        return axes if self.sectors == 1 else {"chi": Axis(_middles(-180.0, 180.0, self.sectors), "deg"), **axes}

    def _reduced(self, state: AzimuthalState, value: Any, sigma: Any, flags: Flags) -> Reduced:
        return Reduced(value, sigma, "count", self._dims_and_shape()[0], state.axes, state.frames.n_frames, flags)


def _middles(low: float, high: float, n: int) -> Any:
    return low + (np.arange(n) + 0.5) * ((high - low) / n)


def _numpy(values: Tensor, shape: tuple[int, ...]) -> Any:
    return values.cpu().numpy().reshape(shape)


def _are_counts(frames: FrameSum) -> bool:
    """Return whether the variances are the sums themselves, as of raw counts that are not negative."""
    return frames.variance is None and (frames.bound < math.inf or bool(frames.values.min() >= 0))


def _clipped(state: AzimuthalState, signal: Tensor, norm: Tensor, clip: float) -> Tensor:
    """Return 1 for pixels near the mean of their bin, else 0, shape ``(pixels,)``."""
    assert state.bin_of is not None
    bin_of = state.bin_of.clamp(max=len(state.norms) - 1)
    keep = (norm > 0).to(signal.dtype)
    intensity = torch.where(norm > 0, signal / norm, 0.0)
    for _ in range(5):
        total = state.binned(norm * keep).clamp(min=torch.finfo(norm.dtype).tiny)
        mean = state.binned(signal * keep) / total
        deviation = intensity - mean[bin_of]
        spread = (state.binned(norm * keep * deviation**2) / total).sqrt()
        following = keep * (deviation.abs() <= clip * spread[bin_of])
        if torch.equal(following, keep):
            break
        keep = following
    return keep
