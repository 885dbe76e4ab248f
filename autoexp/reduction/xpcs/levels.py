"""One level of a multiple-tau correlation: a stretch of rows, and the sums over pairs of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from autoexp.reduction.xpcs.lags import level_lags
from autoexp.reduction.xpcs.layout import Layout
from autoexp.reduction.xpcs.pairs import PairSums
from autoexp.reduction.xpcs.rows import Rows


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
    product = _products(rows.values, rows.values, new, lags, layout)
    if rows.valid is not None:
        past = _products(rows.valid, rows.values, new, lags, layout)
        future = _products(rows.values, rows.valid, new, lags, layout)
        return PairSums(product, past, future, _products(rows.valid, rows.valid, new, lags, layout))
    lag = torch.tensor(lags, device=steady.device)[:, None]
    row = torch.arange(new, device=steady.device)
    exists = (before + row - lag >= 0).double()
    past, future = rows.sums[len(rows) - new + row - lag].sum(1), exists @ rows.sums[len(rows) - new :]
    return PairSums(product, past, future, exists.sum(1)[:, None] * steady)


def _products(later: Tensor, earlier: Tensor, new: int, lags: range, layout: Layout) -> Tensor:
    """Add up products of the last rows of `later` and those rows of `earlier` that each lag pairs them with."""
    table, n = torch.bmm(layout.blocked(later)[:, -new:], layout.blocked(earlier).mT).contiguous(), len(earlier)
    # what has one lag stands on a diagonal, and the longest lag is leftmost
    shape, strides = (len(table), len(lags), new), (new * n, 1, n + 1)
    diagonals = table.as_strided(shape, strides, n - new - lags[-1])
    return layout.by_group(diagonals.sum(-1, dtype=torch.float64)).flip(0)


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

    @property
    def chunk(self) -> Rows:
        """The rows that wait."""
        return self.rows[self.history : self.history + self.waiting]

    def slot(self, n: int) -> Rows:
        """Return where the next `n` rows are to be written."""
        return self.rows[self.history + self.waiting : self.history + self.waiting + n]

    def grown(self, n: int) -> "Level":
        """Return the level with `n` more rows waiting."""
        return replace(self, waiting=self.waiting + n)

    def settle(self, layout: Layout, steady: Tensor) -> "Level":
        """Return the level with its full chunk in the sums, and room for the next."""
        sums = self.sums + pair_sums(self.rows, self.before, self.waiting, self.lags, layout, steady)
        self.rows.move(self.waiting, self.history)
        return replace(self, waiting=0, before=self.before + self.waiting, sums=sums)

    def settled(self, below: Rows, layout: Layout, steady: Tensor) -> tuple[PairSums, Rows]:
        """Return the sums with the waiting rows and those `below` behind them, and rows for the next level.

        The level stays as it is.
        """
        new = self.waiting + len(below)
        if new == 0:
            return self.sums, below
        rows = self.rows[: self.history + self.waiting].joined(below)
        sums = self.sums + pair_sums(rows, self.before, new, self.lags, layout, steady)
        return sums, rows[self.history :].paired()

    def masked(self, steady: Tensor) -> "Level":
        """Return the level with a mask for each row: `steady`, 1 where its places were valid, float32."""
        valid = torch.zeros_like(self.rows.values)
        valid[self.history - min(self.history, self.before) : self.history + self.waiting] = steady
        return replace(self, rows=replace(self.rows, valid=valid))
