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

    def words(self, count: int) -> Tensor:
        """Return uniform 31-bit integers, as int32; two are made from each of the generator's 64 bits."""
        pairs = torch.empty((count + 1) // 2, dtype=torch.int64, device=self.device)
        return pairs.random_(-(2**63), None, generator=self._generator).view(torch.int32)[:count] & 2**31 - 1
