"""What an energy-dispersive detector makes of photons of known energies.

References
----------
.. [1] G. F. Knoll, Radiation Detection and Measurement, 4th ed. (2010): energy resolution, eq. 13.13; dead time, eq.
   4.23; pile-up, section 17.
.. [2] W. Feller, An Introduction to Probability Theory and Its Applications II (1971), section XV.2: compound Poisson
   sums.
.. [3] A. H. Compton, Phys. Rev. 21, 483 (1923).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from autoexp_simulators.xrf.elements import Element

FloatArray = NDArray[np.float64]

ELECTRON = 510_998.95
"""Rest energy of the electron in eV."""


def compton(energy: float, angle: float) -> float:
    """Return the energy in eV after scattering by a free electron at rest through `angle` radians [3]_."""
    return energy / (1.0 + energy / ELECTRON * (1.0 - math.cos(angle)))


@dataclass(frozen=True, slots=True)
class EnergyDispersive:
    """A silicon drift detector and its pulse processor.

    Parameters
    ----------
    channels
        Of the spectrum.
    width
        Of a channel, in eV; the first begins at 0.
    noise
        Electronic noise, as full width at half maximum in eV.
    fano
        Fano factor of silicon.
    pair
        Energy of an electron-hole pair in eV.
    resolving
        Seconds within which two photons count as one of both energies.
    dead
        Seconds for which each count makes it blind, `resolving` included.
    """

    channels: int = 2048
    width: float = 10.0
    noise: float = 60.0
    fano: float = 0.115
    pair: float = 3.65
    resolving: float = 2e-7
    dead: float = 1e-6

    def energies(self) -> FloatArray:
        """Return the middle of each channel in eV."""
        return np.asarray((np.arange(self.channels) + 0.5) * self.width, dtype=float)

    def sigma(self, energy: float) -> float:
        """Return the standard deviation of a line, ``sqrt((noise / 2.355)² + pair fano energy)`` [1]_, in eV."""
        return math.hypot(self.noise / math.sqrt(8.0 * math.log(2.0)), math.sqrt(self.pair * self.fano * energy))

    def peak(self, energy: float, broadening: float = 0.0) -> FloatArray:
        """Return the share of a line's photons in each channel.

        Parameters
        ----------
        energy
            Of the line, in eV.
        broadening
            Standard deviation of the photons' own energies, in eV.
        """
        edges = np.arange(self.channels + 1) * self.width
        sigma = math.hypot(self.sigma(energy), broadening)
        return np.asarray(np.diff(0.5 * erf((edges - energy) / (math.sqrt(2.0) * sigma))))

    def lines(self, element: Element) -> FloatArray:
        """Return the share of an element's K photons in each channel."""
        share = element.beta_share
        return (1.0 - share) * self.peak(element.alpha) + share * self.peak(element.beta)

    def record(self, spectra: FloatArray) -> FloatArray:
        """Return counts per second in each channel for photons per second in each, shape ``(n, channels)``.

        Photons that come within `resolving` of the first are summed with it: their number is Poisson distributed
        with mean ``R resolving`` for the rate ``R``, so that with the Fourier transform ``s`` of the distribution of
        single energies that of the sums is ``s exp(R resolving (s - 1))`` [2]_. Of these, ``R / (1 + R dead)`` are
        counted per second [1]_. Sums beyond the last channel are not counted; those of more than two of the largest
        energy would fold back, and are rare. A sum of two stands half a channel too low, because channels are added.
        """
        rate = spectra.sum(axis=-1, keepdims=True)
        padded = 2 * self.channels
        single = np.fft.rfft(spectra / np.maximum(rate, 1e-300), padded, axis=-1)
        piled = np.fft.irfft(single * np.exp(rate * self.resolving * (single - 1.0)), padded, axis=-1)
        return np.asarray(np.clip(piled[..., : self.channels], 0.0, None) * rate / (1.0 + rate * self.dead))
