"""What a detector shows where the beam is not, and how well that is known."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autoexp.reduction.images import MeanImage, Window
from autoexp.reduction.records import FloatArray

_ENOUGH = 4096
"""Blocks by which the noise of an image is known to some percent."""


@dataclass(frozen=True, slots=True)
class Background:
    """The level under the beam.

    Parameters
    ----------
    level
        Mean per pixel.
    variance
        Variance of `level`.
    excess
        Variance per pixel beyond what the counts explain, as from electronics; negative where
        counts, such as a pedestal, have less noise than Poisson's.
    given
        Whether a person gave the level, without error.
    """

    level: float
    variance: float
    excess: float
    given: bool = False


@dataclass(frozen=True, eq=False)
class Blocks:
    """An image in square blocks of `size` pixels.

    Parameters
    ----------
    size
        Pixels along each side.
    signal, variance
        Sum of the valid values in each block, and its variance, shape ``(rows, columns)``.
    pixels
        How many were valid.
    ratio
        Of variance to signal, where that is the same in all blocks and each holds all its pixels; else None.
    """

    size: int
    signal: FloatArray
    variance: FloatArray
    pixels: FloatArray
    ratio: float | None = None

    @classmethod
    def of(cls, image: MeanImage) -> "Blocks":
        """Sum an image in blocks of 8 pixels, or less for a small image."""
        size = max(1, min(8, min(image.shape) // 8))
        alike = image.variance is None and not any(length % size for length in image.shape)
        signal, variance, pixels = image.block_sums(size)
        return cls(size, signal, variance, pixels, 1.0 / image.n_frames if alike else None)

    def coarser(self, factor: int) -> "Blocks":
        """Return blocks that are `factor` times wider."""
        signal, variance, pixels = (_joined(each, factor) for each in (self.signal, self.variance, self.pixels))
        return Blocks(self.size * factor, signal, variance, pixels)

    @cached_property
    def noise(self) -> float:
        """Variance per pixel beyond that of the counts, over the whole image.

        From the differences of neighbouring blocks, by their median absolute value, so that neither a
        beam nor a slope counts as noise.
        """
        pixels, variance = self.pixels[self._some], self.variance[self._some]
        known = None if self.ratio is not None else pixels > 0
        both = None if known is None else known[:, 1:] & known[:, :-1]
        scatter = 1.4826 * _median(np.abs(self._differences), both) / 2**0.5
        counted = _median(variance / np.maximum(pixels, 1.0) ** 2, known)
        return self.size**2 * max(0.0, scatter**2 - counted) if math.isfinite(scatter) else 0.0

    @cached_property
    def _differences(self) -> FloatArray:
        """Means per pixel of neighbouring blocks in some rows, one less the other; zero without a valid pixel."""
        means = self.signal[self._some] / np.maximum(self.pixels[self._some], 1.0)
        return means[:, 1:] - means[:, :-1]

    @property
    def _some(self) -> slice:
        """Rows of blocks that are enough to know the noise by."""
        return slice(None, None, max(1, self.signal.size // _ENOUGH))

    def corners(self) -> Background:
        """Return the middle of the levels in the four corners, of which the beam may hide one."""
        rows, columns = (max(1, round(0.1 * length)) for length in self.signal.shape)
        corners = [(slice(rows), slice(columns)), (slice(rows), slice(-columns, None))]
        corners += [(slice(-rows, None), each) for each in (slice(columns), slice(-columns, None))]
        found = [self._mean_of(at) for at in corners]
        usable = sorted((each for each in found if each is not None), key=lambda each: each.level)
        if not usable:
            return Background(0.0, 0.0, 0.0)
        middle = usable[(len(usable) - 1) // 2 : len(usable) // 2 + 1]
        level = sum(each.level for each in middle) / len(middle)
        variance = sum(each.variance for each in middle) / len(middle) ** 2
        return Background(level, variance, middle[0].excess)

    def outside(self, window: Window) -> Background | None:
        """Return the level of the blocks that lie wholly outside; None where they are too few."""
        y0, y1, x0, x1 = (edge // self.size for edge in (window[0], window[1] - 1, window[2], window[3] - 1))
        all_pixels, all_signal, all_variance = self.totals
        in_pixels, in_signal, in_variance = self._sums((slice(y0, y1 + 1), slice(x0, x1 + 1)))
        pixels = all_pixels - in_pixels
        if pixels < 0.05 * all_pixels:
            return None
        counted, step = (all_variance - in_variance) / pixels, self._some.step
        excess = self._excess(counted, (slice(-(-y0 // step), y1 // step + 1), slice(max(0, x0 - 1), x1 + 1)))
        level = (all_signal - in_signal) / pixels
        return Background(level, max(0.0, counted + excess) / pixels, excess)

    def significance(self, background: Background) -> FloatArray:
        """Return by how many standard deviations each block stands above the background."""
        return self._significance(background, (slice(None), slice(None)))

    def brightest(self, background: Background) -> tuple[int, int, float]:
        """Return row and column of the block that stands out of the background most, and its significance."""
        if self.ratio is not None:
            # the more signal, the more it stands out
            row, column = divmod(int(self.signal.argmax()), self.signal.shape[1])
            at = (slice(row, row + 1), slice(column, column + 1))
            return row, column, float(self._significance(background, at)[0, 0])
        significance = self.significance(background)
        row, column = divmod(int(significance.argmax()), significance.shape[1])
        return row, column, float(significance[row, column])

    def _significance(self, background: Background, at: tuple[slice, slice]) -> FloatArray:
        signal, variance, pixels = self.signal[at], self.variance[at], self.pixels[at]
        spread = variance + background.excess * pixels + background.variance * pixels**2
        sigma = np.sqrt(np.maximum(spread, np.finfo(np.float64).tiny))
        return np.asarray((signal - background.level * pixels) / sigma)

    @cached_property
    def totals(self) -> tuple[float, float, float]:
        """Valid pixels, and the sums of their values and of the variances of these."""
        return self._sums((slice(None), slice(None)))

    def _sums(self, at: tuple[slice, slice]) -> tuple[float, float, float]:
        signal = self.signal[at]
        total = float(signal.sum())
        if self.ratio is not None:
            return float(signal.size * self.size**2), total, self.ratio * total
        return float(self.pixels[at].sum()), total, float(self.variance[at].sum())

    @cached_property
    def _pairs(self) -> tuple[FloatArray, FloatArray, float, float]:
        """Squared differences of neighbours by weight, whether there is one, and the sums of both."""
        squares = self._differences**2
        if self.ratio is not None:
            squares *= self.size**2 / 2
            return squares, np.broadcast_to(1.0, squares.shape), float(squares.sum()), float(squares.size)
        pixels = self.pixels[self._some]
        left, right = pixels[:, :-1], pixels[:, 1:]
        weights = left * right / np.maximum(left + right, 1.0)
        squares *= weights
        known = (weights > 0).astype(np.float64)
        return squares, known, float(squares.sum()), float(known.sum())

    def _excess(self, counted: float, left_out: tuple[slice, slice]) -> float:
        """Variance per pixel beyond (or below) that of the counts, from pairs of neighbouring blocks."""
        squares, known, all_squares, all_known = self._pairs
        pairs = all_known - float(known[left_out].sum())
        if pairs < 10:
            return self.noise
        return (all_squares - float(squares[left_out].sum())) / pairs - counted

    def _mean_of(self, at: tuple[slice, slice]) -> Background | None:
        n, signal, variance = self._sums(at)
        return Background(signal / n, max(0.0, variance / n + self.noise) / n, self.noise) if n else None


def _joined(blocks: FloatArray, factor: int) -> FloatArray:
    rows, columns = (np.arange(0, length, factor) for length in blocks.shape)
    return np.add.reduceat(np.add.reduceat(blocks, rows, axis=0), columns, axis=1)


def _median(values: FloatArray, known: NDArray[np.bool_] | None) -> float:
    """Return the lower median of what is known, None for all; NaN of nothing."""
    flat = values.reshape(-1) if known is None or known.all() else values[known]
    middle = (flat.size - 1) // 2
    return float(np.partition(flat, middle)[middle]) if flat.size else math.nan
