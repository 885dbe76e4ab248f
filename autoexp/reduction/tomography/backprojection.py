"""Filtered back-projection by gridding."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.reduction.tomography.filters import Window, ramp, squared
from autoexp.reduction.tomography.gridding import Spokes, fast_length, spokes
from autoexp.reduction.tomography.weights import angle_weights


@dataclass(frozen=True, slots=True, eq=False)
class BackProjection:
    """All that does not depend on the values of projections, for slices at equal angles.

    Parameters
    ----------
    spokes
        Where the samples of the projections' spectra lie.
    length
        Columns of a projection after padding.
    response
        What spectra are multiplied with, complex, shape ``(angles, samples)``: filter, angles' weights, axis.
    variance_response
        The same for variances.
    inside
        Which pixels are in the circle that all projections see, shape ``(size, size)``.
    """

    spokes: Spokes
    length: int
    response: Tensor
    variance_response: Tensor
    inside: Tensor

    def slice(self, lines: Tensor) -> Tensor:
        """Return the attenuation per column of each pixel, shape ``(size, size)``, zero outside the circle.

        Parameters
        ----------
        lines
            Line integrals, shape ``(angles, columns)``.
        """
        return self._smeared(lines, self.response)

    def variance(self, variances: Tensor) -> Tensor:
        """Return the variance of `slice` where those of the lines, shape ``(angles, columns)``, do not correlate."""
        return self._smeared(variances, self.variance_response).clamp(min=0.0)

    def _smeared(self, lines: Tensor, response: Tensor) -> Tensor:
        spectra = torch.fft.rfft(lines.to(torch.float32), n=self.length)[:, : response.shape[1]]
        return torch.where(self.inside, self.spokes.picture(spectra * response), 0.0)


def back_projection(
    angles: Tensor,
    columns: int,
    *,
    axis: float | None = None,
    size: int | None = None,
    pixel: float = 1.0,
    window: Window = "linear",
    smoothness: float = 0.0,
) -> BackProjection:
    """Return how projections at some angles become slices.

    ``f(x, y) = sum_j w_j q_j(x cos a_j + y sin a_j)``, where q is a projection filtered with a ramp [1]_ and w the
    part of the half circle that belongs to its angle. The sum is done where it is short: each spectrum is spread
    over a grid of frequencies along its spoke, and one Fourier transform makes the picture [2]_.

    Parameters
    ----------
    angles
        In rad, shape ``(n,)``, float64, on the device where to compute.
    columns
        Of the projections.
    axis
        Column onto which the axis of rotation projects; the middle by default.
    size
        Rows and columns of the slice; as many as columns by default.
    pixel
        Side of its pixels in columns; with more than 1, frequencies that it cannot show are left out.
    window, smoothness
        Of the filter; see `autoexp.reduction.tomography.filters.ramp`.

    References
    ----------
    .. [1] A. C. Kak and M. Slaney, Principles of Computerized Tomographic Imaging (1988), section 3.3.
    .. [2] J. D. O'Sullivan, IEEE Trans. Med. Imaging 4, 200 (1985).
    """
    size = columns if size is None else size
    axis = (columns - 1) / 2 if axis is None else axis
    length = fast_length(2 * columns)
    samples = min(length // 2, math.floor(length / (2.0 * pixel))) + 1
    weights = angle_weights(angles)[:, None].to(torch.float32)
    response = ramp(length, window, smoothness, pixel)
    whole, power = (each.to(angles.device) for each in (response, squared(response, length)))
    frequency = torch.arange(samples, device=angles.device, dtype=torch.float64) / length
    shift = torch.polar(torch.ones_like(frequency), 2.0 * math.pi * axis * frequency)
    # the highest frequency is its own opposite
    once = torch.where(frequency == 0.5, 0.5, 1.0)
    plain, squares = ((each[:samples] * once * shift).to(torch.complex64) for each in (whole, power))
    place = torch.arange(size, device=angles.device, dtype=torch.float64) - (size - 1) / 2
    inside = place**2 + place[:, None] ** 2 <= (size / 2) ** 2
    return BackProjection(
        spokes(angles, samples, 1.0 / length, size, pixel),
        length,
        weights / length * plain,
        weights**2 / length * squares,
        inside,
    )
