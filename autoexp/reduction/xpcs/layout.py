"""How pixels stand in memory: only those of the bins, in blocks that matrix products take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError

_LARGEST_BLOCK = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Places for the pixels of each bin, in blocks of one size; each bin's blocks are dealt to groups.

    A group is a stretch of neighbouring pixels; how groups differ says how well the mean over a bin is known.
    A block of 1024 pixels adds products of counts up to 127 exactly in float32.

    Parameters
    ----------
    index
        Flat index of the pixel at each place, int64, shape ``(places,)``; 0 where a place is left over.
    used
        1 where a place holds a pixel, float32, shape ``(places,)``.
    left_over
        Places without a pixel, int64.
    members
        1 where a block belongs to a group, float64, shape ``(bins * groups, blocks)``.
    block
        Places per block.
    blocks
        How many each bin has.
    groups
        How many each bin has.
    """

    index: Tensor
    used: Tensor
    left_over: Tensor
    members: Tensor
    block: int
    blocks: tuple[int, ...]
    groups: int

    @classmethod
    def of(cls, pixels: Sequence[Tensor], groups: int, device: str) -> "Layout":
        """Lay out the pixels of each bin, flat indices.

        Raises
        ------
        ReductionError
            If a bin has fewer pixels than groups.
        """
        fewest = min(len(each) for each in pixels)
        if fewest < groups:
            raise ReductionError(f"each bin needs a pixel for each of its {groups} groups, got one of {fewest} pixels")
        block = min(_LARGEST_BLOCK, fewest // groups)
        blocks = [-(-len(each) // block) for each in pixels]
        owner = np.concatenate([place * groups + np.arange(n) * groups // n for place, n in enumerate(blocks)])
        members = torch.from_numpy(owner)[None] == torch.arange(len(pixels) * groups)[:, None]
        padded = [_padded(each, n * block) for each, n in zip(pixels, blocks, strict=True)]
        index = torch.cat(padded).to(device)
        used = index >= 0
        left_over = (~used).nonzero().squeeze(-1)
        members = members.double().to(device)
        return cls(index.clamp(min=0), used.float(), left_over, members, block, tuple(blocks), groups)

    @property
    def places(self) -> int:
        """Places in all blocks."""
        return len(self.index)

    def of_bin(self, place: int) -> tuple[slice, Tensor]:
        """Return the places of one bin, and its part of `members`, shape ``(groups, blocks of the bin)``."""
        first, n = sum(self.blocks[:place]), self.blocks[place]
        members = self.members[place * self.groups : (place + 1) * self.groups, first : first + n]
        return slice(first * self.block, (first + n) * self.block), members

    def blocked(self, rows: Tensor) -> Tensor:
        """Return rows of places, shape ``(n, places)``, by blocks: ``(blocks, n, block)``; a view."""
        return rows.view(len(rows), -1, self.block).transpose(0, 1)

    def by_group(self, blocks: Tensor) -> Tensor:
        """Add up what was found in each block, shape ``(blocks, k)``, by group: ``(k, bins * groups)``, float64."""
        return (self.members @ blocks.double()).T

    def sums(self, rows: Tensor) -> Tensor:
        """Add up rows of places, shape ``(n, places)``, by group: ``(n, bins * groups)``, float64."""
        return self.by_group(rows.view(len(rows), -1, self.block).sum(-1).T)


def _padded(pixels: Tensor, length: int) -> Tensor:
    return torch.nn.functional.pad(pixels.to(torch.int64), (0, length - len(pixels)), value=-1)
