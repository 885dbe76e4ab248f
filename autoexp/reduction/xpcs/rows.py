"""Frames in time, as rows of memory."""

from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.reduction.xpcs.layout import Layout


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Frames in time, or sums of neighbouring ones, of the places of a layout.

    Parameters
    ----------
    values
        Zero where there is no valid value, float32, shape ``(n, places)``.
    sums
        Of each row by group, float64, shape ``(n, groups)``.
    valid
        1 where there is a value, float32, shape ``(n, places)``; None while the same places are valid in every row.
    """

    values: Tensor
    sums: Tensor
    valid: Tensor | None

    @classmethod
    def zeros(cls, n: int, layout: Layout, *, masks: bool) -> "Rows":
        """Return rows before any frame."""
        values = layout.used.new_zeros((n, layout.places))
        sums = layout.members.new_zeros((n, len(layout.members)))
        return cls(values, sums, torch.zeros_like(values) if masks else None)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, span: slice) -> "Rows":
        return Rows(self.values[span], self.sums[span], None if self.valid is None else self.valid[span])

    def joined(self, rows: "Rows") -> "Rows":
        """Return these rows and others behind them."""
        valid = None if self.valid is None or rows.valid is None else torch.cat([self.valid, rows.valid])
        return Rows(torch.cat([self.values, rows.values]), torch.cat([self.sums, rows.sums]), valid)

    def move(self, start: int, n: int) -> None:
        """Copy `n` rows from `start` to the beginning."""
        for each in (self.values, self.sums, self.valid):
            if each is not None:
                rows = each[start : start + n]
                each[:n] = rows if n <= start else rows.clone()

    def paired(self) -> "Rows":
        """Return what `pair_into` writes."""
        pairs = len(self) // 2
        valid = None if self.valid is None else self.valid.new_empty((pairs, self.valid.shape[1]))
        found = Rows(self.values[:pairs].clone(), self.sums[:pairs].clone(), valid)
        self.pair_into(found)
        return found

    def pair_into(self, target: "Rows") -> None:
        """Write the sums of the first and second row, the third and fourth, and so on; a last odd one is left out.

        A correlation of sums of frames is that of their means. A sum is valid where both are.
        """
        end = 2 * len(target)
        torch.add(self.values[0:end:2], self.values[1:end:2], out=target.values)
        torch.add(self.sums[0:end:2], self.sums[1:end:2], out=target.sums)
        if self.valid is not None and target.valid is not None:
            torch.mul(self.valid[0:end:2], self.valid[1:end:2], out=target.valid)
            target.values.mul_(target.valid)
