"""Which energies the channels of a spectrum stand for, and how sharp a line is in it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from autoexp.errors import ReductionError
from autoexp.reduction.records import FloatArray

FWHM = math.sqrt(8.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian in standard deviations."""


@dataclass(frozen=True, slots=True)
class EnergyCalibration:
    """Energy scale and energy resolution of an energy-dispersive detector.

    Parameters
    ----------
    channels
        Of the spectrum.
    gain
        Width of a channel in keV.
    offset
        Energy of the middle of channel 0 in keV.
    noise
        Electronic noise, as full width at half maximum in keV.
    fano
        Fano factor of the detector's material: 0.115 is that of silicon.
    pair
        Energy of an electron-hole pair in keV: 0.00365 is that of silicon.

    Raises
    ------
    ReductionError
        If a value makes no sense.
    """

    channels: int
    gain: float
    offset: float = 0.0
    noise: float = 0.06
    fano: float = 0.115
    pair: float = 0.00365

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise ReductionError(f"channels must be one or more, got {self.channels}")
        for name, unit in (("gain", "keV per channel"), ("noise", "keV"), ("fano", ""), ("pair", "keV")):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ReductionError(f"{name} must be positive, got {value} {unit}".rstrip())
        if not math.isfinite(self.offset):
            raise ReductionError(f"offset must be finite, got {self.offset} keV")

    def energies(self) -> FloatArray:
        """Return the middle of each channel in keV, shape ``(channels,)``."""
        return np.asarray(self.offset + self.gain * np.arange(self.channels), dtype=float)

    @property
    def span(self) -> tuple[float, float]:
        """Lower edge of the first channel and upper edge of the last, in keV."""
        return self.offset - 0.5 * self.gain, self.offset + (self.channels - 0.5) * self.gain

    def holds(self, low: float, high: float) -> bool:
        """Return whether energies from `low` to `high`, in keV, are in the spectrum."""
        first, last = self.span
        return first <= low and high <= last

    def channel(self, energy: float) -> int:
        """Return the channel that an energy in keV falls into; below 0 or beyond the last outside of the spectrum."""
        return math.floor((energy - self.offset) / self.gain + 0.5)

    def sigma(self, energy: float) -> float:
        """Return the standard deviation of a line at `energy`, ``sqrt((noise / 2.355)² + pair fano energy)``, in keV.

        The formula is that of a semiconductor detector (G. F. Knoll, Radiation Detection and Measurement, 4th ed.
        (2010), eq. 13.13).
        """
        return math.hypot(self.noise / FWHM, math.sqrt(self.pair * self.fano * energy))

    def peak(self, energy: float, broadening: float = 0.0) -> FloatArray:
        """Return the share of a line's counts in each channel: a Gaussian, integrated over the channel.

        Parameters
        ----------
        energy
            Of the line, in keV.
        broadening
            Standard deviation of the photons' own energies, in keV.
        """
        edges = self.offset + self.gain * (np.arange(self.channels + 1) - 0.5)
        sigma = math.hypot(self.sigma(energy), broadening)
        return np.asarray(np.diff(0.5 * erf((edges - energy) / (math.sqrt(2.0) * sigma))))
