"""Raw counts, added in the narrowest integers that hold every sum exactly."""

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from autoexp.reduction.records import SENTINELS

IntArray = NDArray[np.integer[Any]]

_BLOCK = 2**17
"""Numbers that stay in a processor's cache."""

_WHOLE = frozenset(
    (torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32, torch.uint64, torch.int64)
)

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def highest_count(frames: Tensor, device: torch.device) -> int | None:
    """Return the highest of raw counts that may be added as they are.

    Parameters
    ----------
    frames
        Raw frames, shape ``(n, y, x)``.
    device
        Where they are to be added; whole numbers are added as such on a CPU only.

    Returns
    -------
        None unless they are whole numbers, none of them negative or a sentinel.
    """
    raw = raw_counts(frames, device)
    return None if raw is None else highest_of(raw)


def raw_counts(frames: Tensor, device: torch.device) -> IntArray | None:
    """Return frames that may be raw counts as numpy sees them; None unless they are whole numbers on a CPU."""
    if frames.dtype not in _WHOLE or frames.ndim != 3 or 0 in frames.shape:
        return None
    return frames.numpy() if frames.device.type == device.type == "cpu" else None


def highest_of(raw: IntArray) -> int | None:
    """Return the highest of whole numbers, shape ``(n, y, x)``; None if one is negative or a sentinel."""
    seen = unsigned(raw)
    # a short frame stays in the cache while all are compared with it, if its numbers follow each other
    short = raw[0].size < 2**15 and raw.strides[-1] == raw.itemsize
    top = int(np.maximum.reduce(np.maximum.reduce(seen, axis=0), axis=None) if short else seen.max())
    if top > _top(raw.dtype):
        return None
    if raw.dtype.itemsize == 1 or top < SENTINELS[1]:
        return top
    found = any((seen == sentinel).any() for sentinel in SENTINELS[1:] if sentinel <= top)
    return None if found else top


def unsigned(raw: IntArray) -> IntArray:
    """Return a view of whole numbers without their sign, in which those that are negative are high."""
    return raw.view(_UNSIGNED[raw.dtype.itemsize])


@cache
def _top(whole: DTypeLike) -> int:
    return int(np.iinfo(whole).max)


@lru_cache(maxsize=1024)
def narrowest(bound: float) -> DTypeLike:
    """Return the type for sums between zero and `bound`."""
    return next((whole for whole in (np.int16, np.int32, np.int64) if bound <= _top(whole)), np.float64)


def add_counts(counts: IntArray, highest: int, axis: int = 0) -> IntArray:
    """Add counts of at most `highest` along an axis, in the narrowest type that holds every sum.

    Adding within a type is several times faster than converting on the way, so as many counts as fit
    into the type they come in are added there.
    """
    layers = counts.swapaxes(0, axis)
    n = len(layers)
    wide = np.dtype(narrowest(n * highest))
    if n == 1:
        same = wide.itemsize == counts.itemsize and wide.kind == "i"
        return layers[0].view(wide).copy() if same else np.array(layers[0], wide)
    room = _top(counts.dtype) // max(1, highest)
    if n <= room:
        return np.asarray(np.add.reduce(layers, axis=0, dtype=counts.dtype), wide)
    if room < 4:
        return np.asarray(np.add.reduce(layers, axis=0, dtype=wide))
    total = np.zeros(layers.shape[1:], wide)
    for start in range(0, n, room):
        total += np.add.reduce(layers[start : start + room], axis=0, dtype=counts.dtype)
    return total


def sum_of_squares(counts: IntArray, highest: int) -> float:
    """Return the sum of the squares of counts of at most `highest`, without rounding.

    Products add up in float32 in rows so short that none can reach 2**24, where that leaves any length.
    """
    row = min(512, 2 ** int(math.log2(2**24 / max(1, highest) ** 2))) if highest < 2**12 else 1
    kind = np.float32 if row >= 32 else np.float64
    flat, total = counts.reshape(-1), 0.0
    block = np.empty(min(_BLOCK, flat.size), kind)
    whole = flat.size - flat.size % row if kind is np.float32 else 0
    for start in range(0, whole, _BLOCK):
        part = block[: min(_BLOCK, whole - start)]
        part[:] = flat[start : start + len(part)]
        rows = part.reshape(-1, row)
        total += float(np.vecdot(rows, rows).sum(dtype=np.float64))
    for start in range(whole, flat.size, _BLOCK):
        exact = flat[start : start + _BLOCK].astype(np.float64)
        total += float(exact @ exact)
    return total
