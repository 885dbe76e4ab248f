"""Sums of plane waves over spokes of frequencies, fast: from projections' spectra to a picture.

References
----------
.. [1] J. D. O'Sullivan, IEEE Trans. Med. Imaging 4, 200 (1985).
.. [2] P. J. Beatty, D. G. Nishimura and J. M. Pauly, IEEE Trans. Med. Imaging 24, 799 (2005).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.reduction.tomography.kernel import OVERSAMPLING, WIDTH, apodisation, taps


@dataclass(frozen=True, slots=True, eq=False)
class Spokes:
    """Where the samples of spectra lie, and the grid that they are spread over.

    Only the half plane of frequencies with x positive is kept, for what is computed is real.

    Parameters
    ----------
    size
        Rows and columns of the picture.
    grid
        Cells of the grid along each axis.
    cells, weights
        What each sample is spread over, shape ``(angles, samples, WIDTH²)``: flat indices of the grid, which is by y
        and x from the lowest frequency and has a margin, and factors.
    turn
        Phase that moves the picture's middle, complex, shape ``(angles, samples)``.
    flipped
        Whether the opposite half of a spoke is used, shape ``(angles,)``.
    """

    size: int
    grid: int
    cells: Tensor
    weights: Tensor
    turn: Tensor
    flipped: Tensor

    def picture(self, spectra: Tensor) -> Tensor:
        """Return ``Re sum over angles and frequencies f of spectrum exp(2 pi i f (x cos + y sin))`` [1]_.

        Negative frequencies count too, as what makes it real.

        Parameters
        ----------
        spectra
            At frequencies ``0 ... samples - 1`` of the spokes, complex, shape ``(angles, samples)``.

        Returns
        -------
            Shape ``(size, size)``, by y and x, which ascend and are zero in the middle.
        """
        turned = torch.where(self.flipped[:, None], spectra.conj(), spectra) * self.turn
        turned = torch.cat([0.5 * turned[:, :1], turned[:, 1:]], dim=1)
        return self._transform(self._folded(self._spread(turned)))

    def _spread(self, samples: Tensor) -> Tensor:
        parts = torch.view_as_real(samples).movedim(-1, 0).contiguous()
        rows, columns = self.grid + 2 * WIDTH, _columns(self.grid)
        spread = parts.new_zeros((2, rows * columns))
        for part, onto in zip(parts, spread, strict=True):
            onto.scatter_add_(0, self.cells.reshape(-1), (part[..., None] * self.weights).reshape(-1))
        return torch.complex(*spread).reshape(rows, columns)

    def _folded(self, spread: Tensor) -> Tensor:
        """Add the margins to where they belong, for the whole repeats itself and is Hermitian."""
        half = self.grid // 2
        rows = spread[WIDTH:-WIDTH]
        rows[:WIDTH] += spread[-WIDTH:]
        rows[-WIDTH:] += spread[:WIDTH]
        middle = rows[:, WIDTH : WIDTH + half + 1]
        left, right = (each.flip(0, 1).roll(1, 0).conj() for each in (rows[:, : WIDTH + 1], rows[:, WIDTH + half :]))
        middle[:, : WIDTH + 1] += left
        middle[:, half - WIDTH :] += right
        return middle

    def _transform(self, half_plane: Tensor) -> Tensor:
        """Return the middle of the Fourier transform, with the kernel's shade taken away."""
        low, high = self.size // 2, self.size - self.size // 2
        rows = torch.fft.ifft(half_plane, dim=0, norm="forward")
        picture = torch.fft.irfft(_middle(rows, 0, low, high), n=self.grid, norm="forward")
        pixels = torch.arange(-low, high, device=picture.device)
        shade = apodisation(pixels, self.grid).to(picture.dtype)
        # rows begin with the lowest frequency: every other pixel has the other sign
        signed = torch.where(pixels % 2 == 0, shade, -shade)
        return _middle(picture, 1, low, high) / shade / signed[:, None]


def spokes(angles: Tensor, samples: int, spacing: float, size: int, pixel: float = 1.0) -> Spokes:
    """Return where the samples of projections' spectra lie.

    Parameters
    ----------
    angles
        Of the projections in rad, shape ``(n,)``, float64: a ray at ``u = x cos + y sin``.
    samples
        Number of frequencies of a spectrum, from 0 in steps of `spacing`.
    spacing
        In cycles per column of the projections.
    size
        Rows and columns of the picture.
    pixel
        Side of the picture's pixels in columns of the projections.
    """
    grid = fast_length(math.ceil(OVERSAMPLING * size))
    cosine, sine = torch.cos(angles), torch.sin(angles)
    flipped = cosine < 0
    sign = torch.where(flipped, -1.0, 1.0)
    frequency = torch.arange(samples, device=angles.device, dtype=torch.float64) * (spacing * pixel)
    fx, fy = frequency * (sign * cosine)[:, None], frequency * (sign * sine)[:, None]
    middle = size // 2 - (size - 1) / 2
    turn = torch.exp(((2j * math.pi * middle) * (fx + fy)).to(torch.complex64))
    x, y, weights = taps((fx * grid).to(torch.float32), (fy * grid).to(torch.float32))
    columns = _columns(grid)
    # from the margin's first row and column on
    corner = (y + grid // 2 + WIDTH) * columns + x + WIDTH
    step = torch.arange(WIDTH, device=angles.device)
    cells = corner[..., None] + (step[:, None] * columns + step).reshape(-1)
    return Spokes(size, grid, cells, weights, turn, flipped)


def fast_length(least: int) -> int:
    """Return the least even length from `least` on with no prime factor beyond 5."""
    length = least + least % 2
    while _rest(length) > 1:
        length += 2
    return length


def _rest(length: int) -> int:
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    return length


def _columns(grid: int) -> int:
    return grid // 2 + 1 + 2 * WIDTH


def _middle(picture: Tensor, dim: int, low: int, high: int) -> Tensor:
    length = picture.shape[dim]
    return torch.cat([picture.narrow(dim, length - low, low), picture.narrow(dim, 0, high)], dim)
