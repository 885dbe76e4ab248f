"""Sums and squares of raw counts, taken while each part of the frames lies in the processor's cache."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autoexp.reduction.counts import IntArray, add_counts, highest_of, narrowest, sum_of_squares, unsigned

_EXACT = 2.0**24
"""Below it every whole number is a float32, and so is every sum of squares on its way there."""

_BLOCK = 2**17
"""Numbers that stay in the cache, once as they come and once as float32."""

_LONG, _SHORT = 1024, 256
"""Numbers in a row whose squares are added in float32; shorter ones cost more calls than they save."""

_SAMPLE = 64
"""Counts that are looked at beforehand."""

_FEW = 0.1
"""Share of the rows that are done again."""

TOGETHER = 16
"""Frames whose sums in uint16 hold any counts with exact squares."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a batch of raw counts adds up to.

    Parameters
    ----------
    sums
        Over the frames, shape ``(y, x)``.
    bound
        No sum is above it.
    squares
        Sum of the squares of all counts, without rounding.
    highest
        No count is above it.
    zeros
        Frames without a single count.
    """

    sums: IntArray
    bound: int
    squares: float
    highest: int
    zeros: int


def tally(raw: IntArray) -> Tally | None:
    """Return sums and squares of whole numbers, shape ``(n, y, x)``; None if one is negative or a sentinel.

    Squares add up in float32 in rows. A row whose sum stays below 2**24 was added without rounding, and
    holds neither a sentinel nor, seen without its sign, a negative number: nothing else has to look for these. The
    few rows that reach it are done again in float64.
    """
    row = _row_for(raw)
    return _in_cache(raw, row) if row else _in_passes(raw)


def _row_for(raw: IntArray) -> int:
    """Return how many squares, of the size of those in a sample, may be added in float32; 0 for too few."""
    if len(raw) > TOGETHER or raw.dtype.itemsize not in (2, 4) or not raw.flags.c_contiguous:
        return 0
    flat = unsigned(raw).reshape(-1)
    some = flat[:: flat.size // _SAMPLE + 1].astype(np.float64)
    room = _EXACT / (1.5 * max(1.0, float(some @ some) / some.size))
    return min(_LONG, 2 ** int(math.log2(room))) if room >= _SHORT else 0


def _in_passes(raw: IntArray) -> Tally | None:
    highest = highest_of(raw)
    if highest is None:
        return None
    squares, zeros = sum_of_squares(raw, highest), sum(not (frame[0].any() or frame.any()) for frame in raw)
    return Tally(add_counts(raw, highest), len(raw) * highest, squares, highest, zeros)


def _in_cache(raw: IntArray, row: int) -> Tally | None:
    frames = unsigned(raw).reshape(len(raw), -1)
    sums, squares = _swept(frames, row)
    tops = squares.max(axis=1).tolist()
    zeros = tops.count(0.0)
    if max(tops) < _EXACT:
        highest = math.isqrt(int(max(tops)))
        bound = highest if len(raw) == 1 else int(sums.max())
        return Tally(_narrowed(sums, bound).reshape(raw.shape[1:]), bound, _total(squares), highest, zeros)
    bright = squares >= _EXACT
    if bright.mean() > _FEW:
        return _in_passes(raw)
    pixels = raw.reshape(frames.shape)
    again = np.concatenate([pixels[k, j * row : (j + 1) * row] for k, j in np.argwhere(bright)])[None, None]
    top = highest_of(again)
    if top is None:
        return None
    total = _total(squares[~bright]) + sum_of_squares(again, top)
    return Tally(add_counts(raw, top), len(raw) * top, total, top, zeros)


def _narrowed(sums: IntArray, bound: int) -> IntArray:
    kind = np.dtype(narrowest(bound))
    return sums.view(kind) if kind.itemsize == sums.itemsize else sums.astype(kind)


def _total(squares: NDArray[np.float32]) -> float:
    return float(squares.sum(dtype=np.float64))


def _swept(frames: IntArray, row: int) -> tuple[IntArray, NDArray[np.float32]]:
    """Return sums over the frames, and those of the squares in each row of each frame, the last row a short one."""
    n, pixels = frames.shape
    sums: IntArray = np.empty(pixels, np.uint16 if frames.dtype == np.uint16 else np.uint32)
    squares = np.zeros((n, -(-pixels // row)), np.float32)
    width = max(1, _BLOCK // (n * row)) * row
    held = np.empty((n, min(width, pixels)), np.float32)
    for start in range(0, pixels, width):
        part = frames[:, start : start + width]
        _add(part, sums[start : start + width])
        block = held[:, : part.shape[1]]
        block[:] = part
        whole = part.shape[1] // row
        first = start // row
        rows = block[:, : whole * row].reshape(n, whole, row)
        np.vecdot(rows, rows, out=squares[:, first : first + whole])
        if whole * row < part.shape[1]:
            short = block[:, whole * row :]
            np.vecdot(short, short, out=squares[:, -1])
    return sums, squares


def _add(frames: IntArray, to: IntArray) -> None:
    if len(frames) == 1:
        to[:] = frames[0]
    else:
        np.add.reduce(frames, axis=0, dtype=to.dtype, out=to)
