"""What a pixel detector makes of the photons that reach it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sensor:
    """A pixel detector's electronics.

    Parameters
    ----------
    gain
        Digital units per photon.
    dark
        Dark counts per pixel and second, in photons.
    read_noise
        Standard deviation of the read-out, in digital units.
    offset
        Pedestal in digital units.
    saturation
        Largest value that a pixel can hold, in digital units.
    """

    gain: float = 1.0
    dark: float = 5.0
    read_noise: float = 1.0
    offset: float = 10.0
    saturation: int = 60_000

    def frame(self, photons: FloatArray, exposure: float, generator: np.random.Generator) -> NDArray[np.uint16]:
        """Return one frame.

        Parameters
        ----------
        photons
            Expected photons per second of each pixel, shape (y, x).
        exposure
            Seconds.
        generator
            Source of the Poisson and read-out noise.
        """
        detected = generator.poisson((photons + self.dark) * exposure)
        read = generator.standard_normal(detected.shape, dtype=np.float32) * self.read_noise
        digital = np.rint(self.gain * detected + self.offset + read)
        return np.clip(digital, 0, self.saturation).astype(np.uint16)
