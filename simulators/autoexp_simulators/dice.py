"""Random numbers for frames: seeded, and made where the frames are."""

import torch
from torch import Tensor


class Dice:
    """A seeded source of random tensors.

    The same seed gives the same numbers on the same kind of device.

    Parameters
    ----------
    seed
        Of all that is drawn.
    device
        Where the tensors are made, as torch names it.
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self._generator = torch.Generator(self.device).manual_seed(seed)

    def uniform(self, *shape: int) -> Tensor:
        """Return float32 in [0, 1)."""
        return torch.rand(shape, generator=self._generator, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """Return standard normal float32."""
        return torch.randn(shape, generator=self._generator, device=self.device)

    def words(self, *shape: int) -> Tensor:
        """Return uniform 63-bit integers, as int64."""
        return torch.empty(shape, dtype=torch.int64, device=self.device).random_(generator=self._generator)
