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
        return self._bits(count, torch.int32).bitwise_and_(2**31 - 1)

    def short_words(self, count: int) -> Tensor:
        """Return uniform 15-bit integers, as int16; four are made from each of the generator's 64 bits."""
        return self._bits(count, torch.int16).bitwise_and_(2**15 - 1)

    def places(self, count: float, length: int) -> Tensor:
        """Return where, among `length` places, fall as many hits as a Poisson process has that expects `count`, int64.

        A place may be hit more than once.
        """
        hits = torch.poisson(torch.full((1,), count, device=self.device), generator=self._generator)
        return torch.randint(length, (int(hits),), generator=self._generator, device=self.device)

    def _bits(self, count: int, dtype: torch.dtype) -> Tensor:
        each = 8 // dtype.itemsize
        quads = torch.empty((count + each - 1) // each, dtype=torch.int64, device=self.device)
        return quads.random_(-(2**63), None, generator=self._generator).view(dtype)[:count]
