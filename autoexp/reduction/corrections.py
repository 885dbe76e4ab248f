"""Stages: what is done to frames, their variances and their masks before they are reduced."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.records import FrameMeta, Frames


def _both(valid: Tensor | None, other: Tensor) -> Tensor:
    return other if valid is None else valid & other


def _scale(frames: Frames, factor: Tensor | float) -> Frames:
    """Multiply by something known without error."""
    return Frames(frames.values * factor, frames.variances * factor**2, frames.valid)


def _check_map(name: str, value: Tensor | float, shape: tuple[int, int], *, or_number: bool = False) -> None:
    found = tuple(torch.as_tensor(value).shape)
    if found != tuple(shape) and not (or_number and found == ()):
        raise ReductionError(f"{name} must be {tuple(shape)} as the frames are, got shape {found}")


def _summary(value: Tensor | float) -> Any:
    return value if isinstance(value, float | int) else f"map of shape {tuple(value.shape)}"


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """Detector units to photons; the first stage, because it sets the noise model.

    ``photons = (raw - offset) / gain``, and the variance of that is ``photons + read_noise**2``
    (photon transfer: J. R. Janesick, Photon Transfer, SPIE 2007).

    Parameters
    ----------
    gain
        Detector units per photon: one number, or one per pixel, shape ``(y, x)``.
    offset
        Pedestal in detector units, a number or shape ``(y, x)``.
    read_noise
        Standard deviation of the electronics in photons.

    Raises
    ------
    ReductionError
        If `gain` is not positive, or `read_noise` is negative.
    """

    gain: Tensor | float
    offset: Tensor | float = 0.0
    read_noise: float = 0.0

    def __post_init__(self) -> None:
        if not (torch.as_tensor(self.gain) > 0).all():
            raise ReductionError(f"gain must be positive, got {float(torch.as_tensor(self.gain).min())}")
        if not 0 <= self.read_noise < math.inf:
            raise ReductionError(f"read_noise must be zero or more photons, got {self.read_noise}")

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Refuse frames, (y, x), that the maps do not fit.

        Raises
        ------
        ReductionError
            If one does not.
        """
        _check_map("gain", self.gain, shape, or_number=True)
        _check_map("offset", self.offset, shape, or_number=True)

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the frames in photons."""
        photons = (frames.values - self.offset) / self.gain
        return Frames(photons, photons.clamp(min=0.0) + self.read_noise**2, frames.valid)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"gain": _summary(self.gain), "offset": _summary(self.offset), "read_noise": self.read_noise}


@dataclass(frozen=True, slots=True, eq=False)
class Dark:
    """Subtract what the detector counts without beam.

    Parameters
    ----------
    dark
        Mean dark frame, shape ``(y, x)``, in the unit of the frames.
    variance
        Variance of that mean, a number or shape ``(y, x)``.

    Raises
    ------
    ReductionError
        If not all of both are finite: a pixel whose dark counts nobody knows belongs into a `Mask`.
    """

    dark: Tensor
    variance: Tensor | float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("dark", self.dark), ("variance", self.variance)):
            if unknown := int((~torch.isfinite(torch.as_tensor(value))).sum()):
                raise ReductionError(f"{name} must be finite, got {unknown} that are not: fill them and use a Mask")

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Refuse frames, (y, x), that the maps do not fit.

        Raises
        ------
        ReductionError
            If one does not.
        """
        _check_map("dark", self.dark, shape)
        _check_map("variance", self.variance, shape, or_number=True)

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the frames without their dark counts."""
        return Frames(frames.values - self.dark, frames.variances + self.variance, frames.valid)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"dark": _summary(self.dark), "variance": _summary(self.variance)}


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Divide by the relative response of each pixel; one that does not respond becomes invalid.

    The variance is that of a quotient to first order, ``(v + (value / flat)**2 v_flat) / flat**2``.

    Parameters
    ----------
    flat
        Relative response, shape ``(y, x)``; 1 for a pixel as good as the mean.
    variance
        Its variance, a number or shape ``(y, x)``.
    """

    flat: Tensor
    variance: Tensor | float = 0.0

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Refuse frames, (y, x), that the maps do not fit.

        Raises
        ------
        ReductionError
            If one does not.
        """
        _check_map("flat", self.flat, shape)
        _check_map("variance", self.variance, shape, or_number=True)

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the frames as a detector of equal pixels would have seen them."""
        alive = torch.isfinite(self.flat) & (self.flat > 0)
        flat = torch.where(alive, self.flat, 1.0)
        values = frames.values / flat
        variance = (frames.variances + values**2 * self.variance) / flat**2
        return Frames(values, variance, _both(frames.valid, alive))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"flat": _summary(self.flat), "variance": _summary(self.variance)}


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Leave out pixels.

    Parameters
    ----------
    bad
        True, or not zero, where a pixel must not be used, shape ``(y, x)``.
    """

    bad: Tensor

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Refuse frames, (y, x), that the maps do not fit.

        Raises
        ------
        ReductionError
            If one does not.
        """
        _check_map("bad", self.bad, shape)

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the frames with those pixels invalid."""
        return Frames(frames.values, frames.variance, _both(frames.valid, ~self.bad.bool()))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"masked_pixels": int(self.bad.count_nonzero())}


@dataclass(frozen=True, slots=True)
class DeadTime:
    """Correct counts for the time that a pixel, or a whole detector element, is blind after each one.

    Non-paralyzable: the true rate is ``m / (1 - m tau)`` for a measured rate ``m`` (G. F. Knoll,
    Radiation Detection and Measurement, 4th ed., eq. 4.23). What is blind at ``m tau >= 1`` becomes invalid.

    Where a row shares the time, ``m`` is the rate of all its channels, and the variance of a channel is
    ``f² v + 2 f³ s v tau / t + f⁴ s² V (tau / t)²``, with the factor ``f = 1 / (1 - m tau)`` and the sum ``V`` of the
    variances: to first order. That channels err together by this is not followed.

    Parameters
    ----------
    tau
        Dead time in seconds.
    shared
        Whether all pixels of a row are blind together, as the channels of one detector element's spectrum are.

    Raises
    ------
    ReductionError
        If `tau` is negative or not finite.
    """

    tau: float
    shared: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.tau < math.inf:
            raise ReductionError(f"tau must be zero or more seconds, got {self.tau}")

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the counts that there were, by the exposure of `meta`."""
        share = self.tau / meta.exposure
        counts = frames.values.sum(-1, keepdim=True) if self.shared else frames.values
        live = 1.0 - counts * share
        countable = live > 0
        factor = 1.0 / torch.where(countable, live, 1.0)
        valid = _both(frames.valid, countable.expand_as(frames.values))
        if not self.shared:
            return Frames(frames.values * factor, frames.variances * factor**4, valid)
        values, pull = frames.values * factor, frames.values * factor * share
        together = frames.variances.sum(-1, keepdim=True)
        variances = factor**2 * (frames.variances * (1.0 + 2.0 * pull) + pull**2 * together)
        return Frames(values, variances, valid)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"tau": self.tau, "shared": self.shared}


@dataclass(frozen=True, slots=True)
class Monitor:
    """Divide by the incoming flux of `FrameMeta.monitor`, scaled to a reference flux.

    Parameters
    ----------
    reference
        Flux at which values stay as they are, in the monitor's counts.

    Raises
    ------
    ReductionError
        If it is not positive.
    """

    reference: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.reference < math.inf:
            raise ReductionError(f"reference must be a positive flux, got {self.reference}")

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the frames as they would be at the reference flux.

        Raises
        ------
        ReductionError
            If the monitor counted nothing.
        """
        if not meta.monitor > 0:
            raise ReductionError(f"monitor must be positive to normalise by it, got {meta.monitor}")
        return _scale(frames, self.reference / meta.monitor)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"reference": self.reference}
