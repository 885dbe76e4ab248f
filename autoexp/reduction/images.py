"""The mean of all frames as an image, of which only what is looked at is computed."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from autoexp.reduction.counts import add_counts
from autoexp.reduction.records import FloatArray
from autoexp.reduction.sums import FrameSum

Window = tuple[int, int, int, int]
"""First and one-past-last row, first and one-past-last column."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanImage:
    """The mean of frames; invalid pixels hold zero.

    Parameters
    ----------
    values
        Mean times `n_frames`, shape ``(y, x)``, raw counts in whole numbers as they are.
    variance
        Variance of the mean times `n_frames` squared, shape ``(y, x)``; None where it is `values`.
    valid
        Where there was a value, boolean, shape ``(y, x)``; None for everywhere.
    n_frames
        What sums are divided by.
    bound
        No raw count in `values` is above it; infinite where they are not raw counts.
    """

    values: Tensor
    variance: Tensor | None
    valid: Tensor | None
    n_frames: int
    bound: float

    @classmethod
    def of(cls, frames: FrameSum) -> "MeanImage":
        """Return the mean of frames, each pixel's over those in which it was valid."""
        if frames.missing is None:
            variance = None if frames.bound < math.inf else frames.variances
            return cls(frames.values, variance, None, frames.n_frames, frames.bound)
        seen = frames.n_frames - frames.missing
        often = seen.clamp(min=1)
        return cls(frames.total / often, frames.variances / often**2, seen > 0, 1, math.inf)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]

    def mean(self, window: Window) -> Tensor:
        """Return the mean in a window, float64."""
        values = _float64(_cut(self.values, window))
        return values if self.n_frames == 1 else values / self.n_frames

    def spread(self, window: Window) -> Tensor:
        """Return the variance of the mean in a window, float64."""
        source = self.values if self.variance is None else self.variance
        return _cut(source, window).to(torch.float64) / self.n_frames**2

    def seen(self, window: Window) -> Tensor | None:
        """Return 1 where a value in a window is valid, else 0, float64; None for everywhere."""
        return None if self.valid is None else _cut(self.valid, window).to(torch.float64)

    def highest(self, window: Window) -> Window:
        """Return where the largest mean in a window is, a pixel wide; an invalid pixel counts as zero."""
        part = _cut(self.values, window)
        if part.device.type == "cpu":
            # row by row, for the whole window would be copied first
            counts = part.numpy()
            row = int(counts.max(axis=1).argmax())
            column = int(counts[row].argmax())
        else:
            row, column = divmod(int(part.argmax()), part.shape[1])
        y, x = window[0] + row, window[2] + column
        return y, y + 1, x, x + 1

    def block_sums(self, size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the sums of mean and variance, and the valid pixels, in square blocks; those at the ends are short."""
        if self.variance is None:
            counted = _block_counts(self.values, size, int(self.bound))
            signal = counted if self.n_frames == 1 else counted / self.n_frames
            spread = signal if self.n_frames == 1 else signal / self.n_frames
        else:
            signal = block_sums(self.values, size) / self.n_frames
            spread = block_sums(self.variance, size) / self.n_frames**2
        return signal, spread, _whole(self.shape, size) if self.valid is None else block_sums(self.valid, size)


def block_sums(image: Tensor, size: int) -> FloatArray:
    """Return the sums of square blocks of an image, shape ``(y, x)``, in float64."""
    whole = _padded(image, size).double()
    rows, columns = (length // size for length in whole.shape)
    sums: FloatArray = whole.view(rows, size, -1).sum(1).view(rows, columns, size).sum(2).cpu().numpy()
    return sums


def _block_counts(counts: Tensor, size: int, bound: int) -> FloatArray:
    whole = _padded(counts, size)
    layers = whole.view(len(whole) // size, size, -1)
    if counts.dtype == torch.int16 and size * bound < 2**15:
        rows: NDArray[Any] = layers.sum(1, dtype=torch.int16).numpy()
    else:
        rows = add_counts(layers.numpy(), bound, axis=1)
    # float32 holds whole numbers up to 2**24
    kind = np.float32 if size**2 * bound <= 2**24 else np.float64
    sums: NDArray[Any] = rows.astype(kind).reshape(-1, size) @ np.ones(size, kind)
    return np.asarray(sums.reshape(len(rows), -1), np.float64)


def _padded(image: Tensor, size: int) -> Tensor:
    short = [-length % size for length in image.shape]
    return pad(image, (0, short[1], 0, short[0])) if any(short) else image


def _whole(shape: tuple[int, int], size: int) -> FloatArray:
    """Return the number of pixels in each block of an image without invalid ones."""
    sides = (np.minimum(size, length - np.arange(0, length, size)) for length in shape)
    return np.outer(*sides).astype(np.float64)


def _float64(part: Tensor) -> Tensor:
    # for a part of an image numpy takes half as long
    return torch.from_numpy(part.numpy().astype(np.float64)) if part.device.type == "cpu" else part.to(torch.float64)


def _cut(image: Tensor, window: Window) -> Tensor:
    y0, y1, x0, x1 = window
    return image[y0:y1, x0:x1]
