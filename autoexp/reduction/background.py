"""What a detector shows where the beam is not, and how well that is known."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

Window = tuple[int, int, int, int]
"""First and one-past-last row, first and one-past-last column."""


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


@dataclass(frozen=True, slots=True, eq=False)
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
    signal: Tensor
    variance: Tensor
    pixels: Tensor

    @classmethod
    def of(cls, image: Tensor, variance: Tensor, valid: Tensor | None) -> "Blocks":
        """Sum an image, shape ``(y, x)``, whose invalid pixels hold zero."""
        size = max(1, min(8, min(image.shape) // 8))
        signal = _block_sums(image, size)
        spread = signal if variance is image else _block_sums(variance, size)
        pixels = _whole_blocks(image, size) if valid is None else _block_sums(valid.to(image.dtype), size)
        return cls(size, signal, spread, pixels)

    def coarser(self, factor: int) -> "Blocks":
        """Return blocks that are `factor` times wider."""
        signal, variance, pixels = (_block_sums(each, factor) for each in (self.signal, self.variance, self.pixels))
        return Blocks(self.size * factor, signal, variance, pixels)

    def means(self) -> Tensor:
        """Mean value per pixel in each block; NaN where no pixel is valid."""
        return self.signal / self.pixels

    def noise(self) -> float:
        """Variance per pixel beyond that of the counts, over the whole image.

        From the differences of neighbouring blocks, by their median absolute value, so that neither a
        beam nor a slope counts as noise.
        """
        means = self.means()
        scatter = 1.4826 * float(torch.nanmedian((means[:, 1:] - means[:, :-1]).abs())) / 2**0.5
        counted = float(torch.nanmedian(self.variance / self.pixels**2))
        return self.size**2 * max(0.0, scatter**2 - counted) if math.isfinite(scatter) else 0.0

    def corners(self) -> Background:
        """Return the middle of the levels in the four corners, of which the beam may hide one."""
        rows, columns = (max(1, round(0.1 * length)) for length in self.signal.shape)
        corners = [(slice(rows), slice(columns)), (slice(rows), slice(-columns, None))]
        corners += [(slice(-rows, None), each) for each in (slice(columns), slice(-columns, None))]
        noise = self.noise()
        found = [self._mean_of(self.signal[at], self.variance[at], self.pixels[at], noise) for at in corners]
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
        pixels = _without(self.pixels, inside)
        if pixels < 0.05 * float(self.pixels.sum()):
            return None
        counted = _without(self.variance, inside) / pixels
        excess = self._excess(counted, (inside[0], slice(max(0, x0 - 1), x1 + 1)))
        return Background(_without(self.signal, inside) / pixels, max(0.0, counted + excess) / pixels, excess)

    def significance(self, background: Background) -> Tensor:
        """Return by how many standard deviations each block stands above the background."""
        variance = self.variance + background.excess * self.pixels + background.variance * self.pixels**2
        return (self.signal - background.level * self.pixels) / variance.clamp(
            min=torch.finfo(torch.float64).tiny
        ).sqrt()

    def _excess(self, counted: float, left_out: tuple[slice, slice]) -> float:
        """Variance per pixel beyond (or below) that of the counts, from pairs of neighbouring blocks."""
        means = self.signal / self.pixels.clamp(min=1.0)
        left, right = self.pixels[:, :-1], self.pixels[:, 1:]
        weights = left * right / (left + right).clamp(min=1.0)
        pairs = _without((weights > 0).to(means.dtype), left_out)
        if pairs < 10:
            return self.noise()
        return _without((means[:, 1:] - means[:, :-1]) ** 2 * weights, left_out) / pairs - counted

    def _mean_of(self, signal: Tensor, variance: Tensor, pixels: Tensor, excess: float) -> Background | None:
        n = float(pixels.sum())
        if n == 0:
            return None
        counted = float(variance.sum()) / n
        return Background(float(signal.sum()) / n, max(0.0, counted + excess) / n, excess)


def _block_sums(image: Tensor, size: int) -> Tensor:
    rows, columns = (-(-length // size) for length in image.shape)
    short = (columns * size - image.shape[1], rows * size - image.shape[0])
    whole = pad(image, (0, short[0], 0, short[1])) if any(short) else image
    return whole.reshape(rows, size, -1).sum(1).view(rows, columns, size).sum(2)


def _whole_blocks(image: Tensor, size: int) -> Tensor:
    """Return the number of pixels in each block of an image without invalid ones."""
    sides = []
    for length in image.shape:
        side = torch.full((-(-length // size),), float(size), dtype=image.dtype, device=image.device)
        side[-1] -= len(side) * size - length
        sides.append(side)
    return torch.outer(*sides)


def _without(values: Tensor, part: tuple[slice, slice]) -> float:
    """Return the sum of all values but those of a part."""
    return float(values.sum() - values[part].sum())
