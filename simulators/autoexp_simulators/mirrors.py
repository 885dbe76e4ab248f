"""A Kirkpatrick-Baez pair: two bent mirrors that focus, one up and down, one sideways.

References
----------
.. [1] P. Kirkpatrick and A. V. Baez, J. Opt. Soc. Am. 38, 766 (1948).
.. [2] M. R. Howells et al., Opt. Eng. 39, 2748 (2000): figure of elliptically bent mirrors.
.. [3] A. E. Siegman, Lasers (1986), chapter 17: focusing of a Gaussian beam.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import erf

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mirror:
    """One bent mirror, in metres and radians.

    Parameters
    ----------
    source_size, divergence
        Standard deviations of the source and of its angles.
    source_distance, image_distance
        From the mirror's centre to the source, ``p``, and to the detector, ``q``.
    angle
        Grazing angle for which its ellipse is made.
    length
        Length of the mirror.
    slope_error
        Standard deviation of the polishing errors' slope.
    wavelength
        Of the light.
    pitch_offset
        By how much the pitch motor's zero is off, in radians.
    bend_offset
        By how much the bender's zero is off, as a share of the design curvature.
    """

    source_size: float
    divergence: float
    source_distance: float
    image_distance: float
    angle: float = 3e-3
    length: float = 0.4
    slope_error: float = 0.2e-6
    wavelength: float = 1e-10
    pitch_offset: float = 0.0
    bend_offset: float = 0.0

    def grazing_angle(self, pitch: FloatArray) -> FloatArray:
        """Return the true grazing angle in radians for a pitch motor at `pitch` radians from design."""
        return self.angle + np.asarray(pitch) + self.pitch_offset

    def steering(self, pitch: FloatArray) -> FloatArray:
        """Return by how many metres the spot moves on the detector: twice the angle over ``q``."""
        return 2.0 * self.image_distance * (self.grazing_angle(pitch) - self.angle)

    def _aperture(self, angle: FloatArray) -> FloatArray:
        return self.length * np.sin(angle)

    def _size_at_mirror(self) -> float:
        return math.hypot(self.source_size, self.source_distance * self.divergence)

    def accepted(self, pitch: FloatArray) -> FloatArray:
        """Return the share of a Gaussian beam that the mirror's projected length catches."""
        half = self._aperture(self.grazing_angle(pitch)) / 2.0
        return np.asarray(erf(half / (math.sqrt(2.0) * self._size_at_mirror())))

    def _illuminated(self, angle: FloatArray) -> FloatArray:
        """Return the standard deviation of the beam that leaves: of the Gaussian and of a slit of the aperture."""
        return 1.0 / np.sqrt(1.0 / self._size_at_mirror() ** 2 + 12.0 / self._aperture(angle) ** 2)

    def spot_size(self, pitch: FloatArray, bend: FloatArray) -> FloatArray:
        """Return the spot's standard deviation on the detector, in metres.

        Independent contributions add in quadrature: the source's image, ``s q / p``; diffraction of
        a Gaussian beam, ``w q / (4 pi a)`` for wavelength ``w`` and beam size ``a`` at the mirror [3]_;
        slope errors, ``2 q e``; defocus, ``a q |1/p + 1/q - 1/f|`` with Coddington's
        ``f = R sin(angle) / 2``; and the coma of an ellipse whose cubic term is made for another
        angle, ``sqrt(2) 6 q |c(angle) - c(design)| (a / sin(angle))**2`` with
        ``c = sin cos / 8 (1/p + 1/q)(1/p - 1/q)`` [2]_.

        Parameters
        ----------
        pitch
            Pitch motor, radians from design.
        bend
            Bender, share of the design curvature from design.
        """
        return self.spot_of(self._illuminated(self.grazing_angle(pitch)), pitch, bend)

    def spot_of(self, beam: FloatArray, pitch: FloatArray, bend: FloatArray) -> FloatArray:
        """Return what `spot_size` does for a beam of another standard deviation `beam` at the mirror, in metres."""
        angle, q = self.grazing_angle(pitch), self.image_distance
        contributions = (
            self.source_size * q / self.source_distance,
            self.wavelength * q / (4.0 * np.pi * beam),
            2.0 * q * self.slope_error,
            beam * q * np.abs(self._vergence() - self._power(angle, bend)),
            math.sqrt(2.0) * 6.0 * q * self._cubic_error(angle) * (beam / np.sin(angle)) ** 2,
        )
        return np.sqrt(sum(np.square(contribution) for contribution in contributions))

    def defocus(self, pitch: FloatArray, bend: FloatArray) -> FloatArray:
        """Return ``1/p + 1/q - 1/f`` in 1/m."""
        return self._vergence() - self._power(self.grazing_angle(pitch), bend)

    def size_at_mirror(self) -> float:
        """Return the standard deviation of the incoming beam at the mirror, in metres."""
        return self._size_at_mirror()

    def half_aperture(self, pitch: FloatArray) -> FloatArray:
        """Return half of the mirror's projected length, in metres."""
        return self._aperture(self.grazing_angle(pitch)) / 2.0

    def _vergence(self) -> float:
        return 1.0 / self.source_distance + 1.0 / self.image_distance

    def _power(self, angle: FloatArray, bend: FloatArray) -> FloatArray:
        """Return ``1 / f = 2 / (R sin(angle))``; the design radius focuses at the design angle."""
        curvature = 0.5 * self._vergence() * math.sin(self.angle) * (1.0 + np.asarray(bend) + self.bend_offset)
        return 2.0 * curvature / np.sin(angle)

    def _cubic_error(self, angle: FloatArray) -> FloatArray:
        return np.abs(self._cubic(angle) - self._cubic(self.angle))

    def _cubic(self, angle: FloatArray | float) -> FloatArray:
        p, q = self.source_distance, self.image_distance
        return np.asarray(np.sin(angle) * np.cos(angle) / 8.0 * (1 / p + 1 / q) * (1 / p - 1 / q))

    def best_setting(self, pitch_range: tuple[float, float], bend_range: tuple[float, float]) -> tuple[float, float]:
        """Return pitch and bend of the smallest spot, within the ranges."""
        start = np.array([-self.pitch_offset, -self.bend_offset])
        scale = np.array([1e-5, 1e-2])

        def size(setting: FloatArray) -> float:
            return 1e6 * float(self.spot_size(setting[0] * scale[0], setting[1] * scale[1]))

        bounds = [(low / unit, high / unit) for (low, high), unit in zip((pitch_range, bend_range), scale, strict=True)]
        options = {"xatol": 1e-6, "fatol": 1e-12, "maxiter": 4000}
        found = minimize(size, start / scale, method="Nelder-Mead", bounds=bounds, options=options)
        pitch, bend = found.x * scale
        return float(pitch), float(bend)
