"""What a detector shows where the beam is not, and how well that is known."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autoexp.reduction.images import MeanImage, Window
from autoexp.reduction.records import FloatArray


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
    """

    size: int
    signal: FloatArray
    variance: FloatArray
    pixels: FloatArray

    @classmethod
    def of(cls, image: MeanImage) -> "Blocks":
        """Sum an image in blocks of 8 pixels, or less for a small image."""
        size = max(1, min(8, min(image.shape) // 8))
        return cls(size, *image.block_sums(size))

    def coarser(self, factor: int) -> "Blocks":
        """Return blocks that are `factor` times wider."""
        return Blocks(
            self.size * factor, *(_joined(each, factor) for each in (self.signal, self.variance, self.pixels))
        )

    @cached_property
    def means(self) -> FloatArray:
        """Mean value per pixel in each block; zero where no pixel is valid."""
        return self.signal / np.maximum(self.pixels, 1.0)

    @cached_property
    def noise(self) -> float:
        """Variance per pixel beyond that of the counts, over the whole image.

        From the differences of neighbouring blocks, by their median absolute value, so that neither a
        beam nor a slope counts as noise.
        """
        known = self.pixels > 0
        scatter = 1.4826 * _median(np.abs(np.diff(self.means)), known[:, 1:] & known[:, :-1]) / 2**0.5
        counted = _median(self.variance / np.maximum(self.pixels, 1.0) ** 2, known)
        return self.size**2 * max(0.0, scatter**2 - counted) if math.isfinite(scatter) else 0.0

    def corners(self) -> Background:
        """Return the middle of the levels in the four corners, of which the beam may hide one."""
        rows, columns = (max(1, round(0.1 * length)) for length in self.signal.shape)
        corners = [(slice(rows), slice(columns)), (slice(rows), slice(-columns, None))]
        corners += [(slice(-rows, None), each) for each in (slice(columns), slice(-columns, None))]
        found = [self._mean_of(self.signal[at], self.variance[at], self.pixels[at], self.noise) for at in corners]
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
        inside = (slice(y0, y1 + 1), slice(x0, x1 + 1))
        all_pixels, all_signal, all_variance = self._totals
        pixels = all_pixels - self.pixels[inside].sum()
        if pixels < 0.05 * all_pixels:
            return None
        counted = float(all_variance - self.variance[inside].sum()) / pixels
        excess = self._excess(counted, (inside[0], slice(max(0, x0 - 1), x1 + 1)))
        level = float(all_signal - self.signal[inside].sum()) / pixels
        return Background(level, max(0.0, counted + excess) / pixels, excess)

    def significance(self, background: Background) -> FloatArray:
        """Return by how many standard deviations each block stands above the background."""
        variance = self.variance + background.excess * self.pixels + background.variance * self.pixels**2
        sigma = np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))
        return np.asarray((self.signal - background.level * self.pixels) / sigma)

    @cached_property
    def _totals(self) -> tuple[float, float, float]:
        return float(self.pixels.sum()), float(self.signal.sum()), float(self.variance.sum())

    @cached_property
    def _pairs(self) -> tuple[FloatArray, FloatArray, float, float]:
        """Squared differences of neighbours by weight, whether there is one, and the sums of both."""
        left, right = self.pixels[:, :-1], self.pixels[:, 1:]
        weights = left * right / np.maximum(left + right, 1.0)
        squares = np.diff(self.means) ** 2 * weights
        known = (weights > 0).astype(np.float64)
        return squares, known, float(squares.sum()), float(known.sum())

    def _excess(self, counted: float, left_out: tuple[slice, slice]) -> float:
        """Variance per pixel beyond (or below) that of the counts, from pairs of neighbouring blocks."""
        squares, known, all_squares, all_known = self._pairs
        pairs = all_known - float(known[left_out].sum())
        if pairs < 10:
            return self.noise
        return (all_squares - float(squares[left_out].sum())) / pairs - counted

    def _mean_of(
        self, signal: FloatArray, variance: FloatArray, pixels: FloatArray, excess: float
    ) -> Background | None:
        n = float(pixels.sum())
        if n == 0:
            return None
        counted = float(variance.sum()) / n
        return Background(float(signal.sum()) / n, max(0.0, counted + excess) / n, excess)


def _joined(blocks: FloatArray, factor: int) -> FloatArray:
    rows, columns = (np.arange(0, length, factor) for length in blocks.shape)
    return np.add.reduceat(np.add.reduceat(blocks, rows, axis=0), columns, axis=1)


def _median(values: FloatArray, known: NDArray[np.bool_]) -> float:
    """Return the lower median of what is known; NaN of nothing."""
    flat = values.reshape(-1) if known.all() else values[known]
    middle = (flat.size - 1) // 2
    return float(np.partition(flat, middle)[middle]) if flat.size else math.nan
