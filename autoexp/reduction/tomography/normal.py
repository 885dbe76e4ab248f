"""Projecting and smearing back at once: a convolution, whatever the number of projections."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.reduction.tomography.gridding import Spokes, fast_length, spokes
from autoexp.reduction.tomography.weights import angle_weights


@dataclass(frozen=True, slots=True, eq=False)
class NormalOperator:
    """``A* W A`` of a picture, with A the projection and W the angles' weights.

    ``A* W A`` sums plane waves of differences between pixels, so it is a convolution with what becomes of one pixel;
    on a doubled grid two Fourier transforms do it [1]_ [2]_.

    Parameters
    ----------
    transfer
        Transform of what becomes of one pixel, real, shape ``(m // 2 + 1, m)``, by x and y.
    size
        Rows and columns of the picture.

    References
    ----------
    .. [1] J. A. Fessler et al., IEEE Trans. Signal Process. 53, 3393 (2005): Toeplitz embedding.
    .. [2] A. H. Delaney and Y. Bresler, IEEE Trans. Image Process. 5, 740 (1996): for tomography.
    """

    transfer: Tensor
    size: int

    def __call__(self, picture: Tensor) -> Tensor:
        """Return ``A* W A`` of a picture, shape ``(size, size)``; empty or unwanted rows are not transformed."""
        doubled = self.transfer.shape[1]
        columns = torch.fft.fft(torch.fft.rfft(picture, n=doubled).T, n=doubled)
        spread = torch.fft.ifft(columns.mul_(self.transfer))[:, : self.size]
        result: Tensor = torch.fft.irfft(spread.T, n=doubled)[:, : self.size]
        return result

    def smoothed(self, weight: float) -> "NormalOperator":
        """Return it with `weight` times the squared differences between neighbours added; beyond it is zero."""
        doubled = self.transfer.shape[1]
        x, y = (torch.arange(each, device=self.transfer.device) for each in self.transfer.shape)
        rough = [2.0 - 2.0 * torch.cos(2.0 * math.pi / doubled * each) for each in (x, y)]
        return NormalOperator(self.transfer + weight * (rough[0][:, None] + rough[1]), self.size)

    @property
    def norm(self) -> float:
        """A bound of its largest eigenvalue: no embedded convolution is stronger than its largest transfer."""
        return float(self.transfer.max())


@dataclass(frozen=True, slots=True, eq=False)
class Smearing:
    """``A* W``: line integrals to a picture, unfiltered.

    Parameters
    ----------
    spokes
        Where the samples of the projections' spectra lie.
    length
        Columns of a projection after padding.
    response
        What spectra are multiplied with, complex, shape ``(angles, samples)``.
    """

    spokes: Spokes
    length: int
    response: Tensor

    def __call__(self, lines: Tensor) -> Tensor:
        """Return ``A* W`` of line integrals, shape ``(angles, columns)``, as a picture."""
        spectra = torch.fft.rfft(lines.to(torch.float32), n=self.length)[:, : self.response.shape[1]]
        return self.spokes.picture(spectra * self.response)


def normal_equations(
    angles: Tensor, columns: int, *, axis: float | None = None, size: int | None = None, pixel: float = 1.0
) -> tuple[Smearing, NormalOperator]:
    """Return ``A* W`` and ``A* W A`` for projections at some angles.

    A takes a picture to line integrals at band-limited columns; W counts each angle by the part of the half circle
    that is nearest to it.

    Parameters
    ----------
    angles
        In rad, shape ``(n,)``, float64.
    columns
        Of the projections.
    axis
        Column onto which the axis of rotation projects; the middle by default.
    size
        Rows and columns of the picture; as many as columns by default.
    pixel
        Side of its pixels in columns.
    """
    size = columns if size is None else size
    axis = (columns - 1) / 2 if axis is None else axis
    length = fast_length(2 * columns)
    samples = min(length // 2, math.floor(length / (2.0 * pixel))) + 1
    frequency = torch.arange(samples, device=angles.device, dtype=torch.float64) / length
    once = torch.where(frequency == 0.5, 0.5, 1.0)
    weights = (angle_weights(angles)[:, None] * once / length).to(torch.complex64)
    shift = torch.polar(torch.ones_like(frequency), 2.0 * math.pi * axis * frequency).to(torch.complex64)
    smearing = Smearing(spokes(angles, samples, 1.0 / length, size, pixel), length, weights * shift)
    doubled = fast_length(2 * size)
    # odd, so that its middle is a pixel
    blurred = spokes(angles, samples, 1.0 / length, 2 * size - 1, pixel).picture(weights)
    shifted = torch.nn.functional.pad(blurred, (0, doubled - 2 * size + 1, 0, doubled - 2 * size + 1))
    transfer = torch.fft.rfft2(shifted.roll((1 - size, 1 - size), (0, 1))).real * pixel**2
    return smearing, NormalOperator(transfer.T.contiguous(), size)
