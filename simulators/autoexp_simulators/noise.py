"""What a pixel detector makes of the photons that reach it."""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import AutoexpError
from autoexp_simulators.dice import Dice
from autoexp_simulators.poisson import poisson_counts


@dataclass(frozen=True, slots=True)
class Sensor:
    """A pixel detector's electronics; the defaults are a photon counter's.

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
        Largest value that a pixel can hold, in digital units; at most 65534 to be stored in 16 bits. Counts are
        float32 until they are stored, so beyond 2**24 a full pixel holds the largest float32 that is not above it.

    Raises
    ------
    AutoexpError
        If no pixel of 32 bits can hold `saturation`.
    """

    gain: float = 1.0
    dark: float = 0.0
    read_noise: float = 0.0
    offset: float = 0.0
    saturation: int = 2**32 - 2

    def __post_init__(self) -> None:
        if not 1 <= self.saturation < 2**32:
            raise AutoexpError(f"saturation must be from 1 to {2**32 - 1}, got {self.saturation}")

    @property
    def dtype(self) -> torch.dtype:
        """Of its frames: the smallest that holds `saturation`."""
        return torch.uint16 if self.saturation < 2**16 - 1 else torch.uint32

    def frames(self, photons: Tensor, exposure: float, dice: Dice) -> Tensor:
        """Return frames in digital units.

        One after the other, so that each is the same whether it is made alone or among others.

        Parameters
        ----------
        photons
            Expected photons per second of each pixel, float32, shape ``(n, y, x)``.
        exposure
            Seconds.
        dice
            Source of the Poisson and read-out noise, on the device of `photons`.
        """
        frames = torch.empty(photons.shape, dtype=self.dtype, device=photons.device)
        for frame, rate in zip(frames, photons, strict=True):
            mean = rate * exposure
            frame.copy_(self._digital(mean.add_(self.dark * exposure) if self.dark else mean, dice))
        return frames

    def _digital(self, mean: Tensor, dice: Dice) -> Tensor:
        detected = poisson_counts(mean, dice)
        if self.gain != 1.0:
            detected.mul_(self.gain)
        if self.offset or self.read_noise:
            detected.add_(self.offset)
        if self.read_noise:
            detected.add_(dice.normal(*detected.shape), alpha=self.read_noise)
        return detected.round_().clamp_(0, _float32_up_to(self.saturation))


@functools.cache
def _float32_up_to(value: int) -> float:
    """Return the largest float32 that is not above a positive number."""
    nearest = np.float32(value)
    return float(nearest if int(nearest) <= value else np.nextafter(nearest, np.float32(0.0)))
