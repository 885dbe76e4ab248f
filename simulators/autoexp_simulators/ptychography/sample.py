"""A test pattern: a star of spokes, with a few particles on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Star:
    """A Siemens star of a dense material on a transparent membrane.

    Parameters
    ----------
    spokes
        How many.
    turn
        Of the star, in rad.
    radius
        In µm.
    particles
        Centres x, y and radii in µm of discs of the same height.
    phase
        By how many rad the material delays the wave, as a positive number.
    loss
        Ratio of absorption to delay, ``beta / delta``; 0.1 is about that of gold at 8 keV.
    edge
        Width of its edges in µm.
    """

    spokes: int = 18
    turn: float = 0.0
    radius: float = 1.8
    particles: tuple[tuple[float, float, float], ...] = ()
    phase: float = 1.0
    loss: float = 0.1
    edge: float = 0.06

    def height(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the height at places in µm, 0 to 1 of the material's."""
        r, azimuth = np.hypot(x, y), np.arctan2(y, x) - self.turn
        inside = np.minimum(r * np.sin(self.spokes * azimuth) / self.spokes, self.radius - r)
        for at_x, at_y, radius in self.particles:
            inside = np.maximum(inside, radius - np.hypot(x - at_x, y - at_y))
        return np.asarray(0.5 * (1.0 + np.tanh(2.0 * inside / self.edge)))

    def transmission(self, x: FloatArray, y: FloatArray) -> NDArray[np.complex128]:
        """Return what the sample does to the wave at places in µm.

        ``exp(-i k (delta - i beta) t)`` of a thin sample [1]_: no diffraction inside it.

        References
        ----------
        .. [1] D. Paganin, Coherent X-Ray Optics (2006), section 2.2.
        """
        return np.asarray(np.exp((-1j - self.loss) * self.phase * self.height(x, y)))


def random_star(generator: np.random.Generator, particles: int = 6) -> Star:
    """Return a star turned at random, with particles at random places."""
    places = generator.uniform(-1.6, 1.6, (particles, 2))
    radii = generator.uniform(0.06, 0.2, particles)
    discs = tuple((float(x), float(y), float(radius)) for (x, y), radius in zip(places, radii, strict=True))
    return Star(turn=float(generator.uniform(0.0, 2.0 * np.pi)), particles=discs)
