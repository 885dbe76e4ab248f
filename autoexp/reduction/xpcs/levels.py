"""One level of a multiple-tau correlation: a stretch of rows, and the sums over pairs of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from autoexp.reduction.xpcs.lags import level_lags
from autoexp.reduction.xpcs.layout import Layout
from autoexp.reduction.xpcs.pairs import PairSums


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Frames in time, of the places of a layout.

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

    def write(self, start: int, rows: "Rows") -> None:
        """Put other rows in the place of those from `start`."""
        span = slice(start, start + len(rows))
        self.values[span], self.sums[span] = rows.values, rows.sums
        if self.valid is not None and rows.valid is not None:
            self.valid[span] = rows.valid

    def clone(self) -> "Rows":
        """Return a copy."""
        return Rows(self.values.clone(), self.sums.clone(), None if self.valid is None else self.valid.clone())

    def joined(self, rows: "Rows") -> "Rows":
        """Return these rows and others behind them."""
        valid = None if self.valid is None or rows.valid is None else torch.cat([self.valid, rows.valid])
        return Rows(torch.cat([self.values, rows.values]), torch.cat([self.sums, rows.sums]), valid)

    def halved(self) -> "Rows":
        """Return the means of the first and second row, the third and fourth, and so on; a last odd one is left out.

        A mean is valid where both are.
        """
        end = len(self) - len(self) % 2
        sums = (self.sums[0:end:2] + self.sums[1:end:2]) * 0.5
        values = torch.add(self.values[0:end:2], self.values[1:end:2]).mul_(0.5)
        if self.valid is None:
            return Rows(values, sums, None)
        both = self.valid[0:end:2] * self.valid[1:end:2]
        return Rows(values.mul_(both), sums, both)


def pair_sums(rows: Rows, before: int, new: int, lags: range, layout: Layout, steady: Tensor) -> PairSums:
    """Return the sums over pairs whose later row is among the last `new`.

    Parameters
    ----------
    rows
        As many as the longest lag, and the new ones.
    before
        How many rows there have ever been before the new ones; rows before the first are zero.
    new
        How many are new, at least one.
    lags
        In rows.
    layout
        Of the places.
    steady
        Valid pixels in each group, shape ``(groups,)``; used while every row is valid in the same places.
    """
    later = torch.arange(len(rows) - new, len(rows), device=steady.device)
    earlier = later - torch.tensor(lags, device=steady.device)[:, None]
    product = _products(rows.values, rows.values, new, earlier, layout)
    if rows.valid is not None:
        past = _products(rows.valid, rows.values, new, earlier, layout)
        future = _products(rows.values, rows.valid, new, earlier, layout)
        return PairSums(product, past, future, _products(rows.valid, rows.valid, new, earlier, layout))
    exists = (before + later - later[0] - torch.tensor(lags, device=steady.device)[:, None] >= 0).double()
    future = exists @ rows.sums[len(rows) - new :]
    return PairSums(product, rows.sums[earlier].sum(1), future, exists.sum(1)[:, None] * steady)


def _products(later: Tensor, earlier: Tensor, new: int, places: Tensor, layout: Layout) -> Tensor:
    """Add up products of the last rows of `later` and those rows of `earlier` that each lag pairs them with."""
    table = torch.bmm(layout.blocked(later)[:, -new:], layout.blocked(earlier).mT)
    wanted = places + len(earlier) * torch.arange(new, device=places.device)
    return layout.by_group(table.flatten(1)[:, wanted].double().sum(-1))


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One level: what it remembers of rows, and the sums over all pairs but those of the last, waiting rows.

    Parameters
    ----------
    rows
        First the `history` that the longest lag needs, then room for a chunk.
    history
        Rows that were before the chunk.
    waiting
        Rows in the chunk.
    before
        How many rows there have ever been before the chunk.
    lags
        In rows.
    sums
        Of all pairs whose later row is before the chunk.
    """

    rows: Rows
    history: int
    waiting: int
    before: int
    lags: range
    sums: PairSums

    @classmethod
    def empty(cls, level: int, channels: int, chunk: int, layout: Layout, *, masks: bool) -> "Level":
        """Return a level before any row."""
        own = level_lags(level, channels)
        rows = Rows.zeros(channels - 1 + chunk, layout, masks=masks)
        sums = PairSums.zeros(len(own), len(layout.members), str(layout.used.device))
        return cls(rows, channels - 1, 0, 0, range(int(own[0]), channels), sums)

    @property
    def room(self) -> int:
        """How many more rows the chunk takes."""
        return len(self.rows) - self.history - self.waiting

    def take(self, rows: Rows) -> "Level":
        """Return the level with rows waiting, no more than there is room for."""
        self.rows.write(self.history + self.waiting, rows)
        return replace(self, waiting=self.waiting + len(rows))

    def settle(self, layout: Layout, steady: Tensor) -> "tuple[Level, Rows]":
        """Return the level with its full chunk in the sums, and the rows for the next level."""
        sums = self.sums + pair_sums(self.rows, self.before, self.waiting, self.lags, layout, steady)
        upward = self.rows[self.history :].halved()
        self.rows.write(0, self.rows[self.waiting :][: self.history].clone())
        return replace(self, waiting=0, before=self.before + self.waiting, sums=sums), upward

    def settled(self, below: Rows, layout: Layout, steady: Tensor) -> tuple[PairSums, Rows]:
        """Return what `settle` would for the waiting rows and those `below` behind them, and change nothing."""
        new = self.waiting + len(below)
        if new == 0:
            return self.sums, below
        rows = self.rows[: self.history + self.waiting].joined(below)
        sums = self.sums + pair_sums(rows, self.before, new, self.lags, layout, steady)
        return sums, rows[self.history :].halved()

    def masked(self, steady: Tensor) -> "Level":
        """Return the level with a mask for each row: `steady`, 1 where its places were valid, float32."""
        valid = torch.zeros_like(self.rows.values)
        valid[self.history - min(self.history, self.before) : self.history + self.waiting] = steady
        return replace(self, rows=replace(self.rows, valid=valid))
