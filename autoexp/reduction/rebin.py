"""Sparse weights from pixels to bins: which share of each pixel falls into which bin."""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A sparse matrix, one row per bin and one column per pixel.

    Parameters
    ----------
    bins, pixels
        Row and column of each entry, int64, shape ``(entries,)``; sorted by bin.
    shares
        Share of that pixel in that bin, float64.
    n_bins, n_pixels
        Shape of the matrix.
    """

    bins: Tensor
    pixels: Tensor
    shares: Tensor
    n_bins: int
    n_pixels: int

    def bin_of(self) -> Tensor:
        """Return the bin of each pixel that lies in one only, shape ``(n_pixels,)``; `n_bins` for none."""
        return torch.full((self.n_pixels,), self.n_bins).index_copy(0, self.pixels, self.bins)

    def matrix(self, device: str | torch.device = "cpu", *, squared: bool = False) -> Tensor:
        """Return it as a CSR matrix in float64, of the shares or of their squares."""
        starts = torch.zeros(self.n_bins + 1, dtype=torch.int32)
        starts[1:] = torch.bincount(self.bins, minlength=self.n_bins).cumsum(0)
        shares = self.shares**2 if squared else self.shares
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            parts = (starts.to(device), self.pixels.to(torch.int32).to(device), shares.to(device))
            return torch.sparse_csr_tensor(*parts, size=(self.n_bins, self.n_pixels), check_invariants=False)


def _sorted(bins: Tensor, pixels: Tensor, shares: Tensor, n_bins: int, n_pixels: int) -> Weights:
    inside = (bins >= 0) & (bins < n_bins) & (shares > 0)
    bins, pixels, shares = bins[inside], pixels[inside], shares[inside]
    order = torch.argsort(bins * n_pixels + pixels)
    return Weights(bins[order], pixels[order], shares[order], n_bins, n_pixels)


def whole(position: Tensor, low: float, high: float, n_bins: int) -> Weights:
    """Put each pixel wholly into the bin of its centre.

    Parameters
    ----------
    position
        Coordinate of each pixel's centre, any shape.
    low, high
        Outer edges of equal bins; `high` itself belongs to the last.
    n_bins
        Their number.
    """
    flat = position.reshape(-1)
    bins = torch.floor((flat - low) * (n_bins / (high - low))).to(torch.int64)
    bins[flat == high] = n_bins - 1
    return _sorted(bins, torch.arange(flat.numel()), torch.ones_like(flat), n_bins, flat.numel())


def split(corners: Tensor, angles: Tensor, low: float, high: float, n_bins: int) -> Weights:
    """Share each pixel among the bins that it overlaps, by area.

    A pixel is the quadrilateral of its corners in the plane of radius and azimuth, as in pyFAI's full
    pixel splitting (J. Kieffer et al., J. Synchrotron Rad. 27, 558 (2020)).

    Parameters
    ----------
    corners, angles
        Radial coordinate and azimuth (rad) of each pixel's corners in order, shape ``(..., 4)``.
    low, high
        Outer edges of equal bins.
    n_bins
        Their number.
    """
    step = (high - low) / n_bins
    r = (corners.reshape(-1, 4) - low) / step
    chi = angles.reshape(-1, 4)
    chi = chi - 2.0 * torch.pi * torch.round((chi - chi[:, :1]) / (2.0 * torch.pi))
    first = torch.floor(r.amin(1)).to(torch.int64)
    spans = int((torch.floor(r.amax(1)).to(torch.int64) - first).max()) + 1
    total = _area_below(r, chi, torch.full_like(r[:, 0], torch.inf))
    pixels = torch.arange(len(r))
    found, below = [], torch.zeros_like(total)
    for offset in range(spans):
        upto = _area_below(r, chi, (first + offset + 1).to(r.dtype))
        found.append((first + offset, pixels, (upto - below) / total))
        below = upto
    bins, pixels, shares = (torch.cat(each) for each in zip(*found, strict=True))
    shares = torch.where(shares > 1e-12, shares, 0.0)
    return _sorted(bins, pixels, shares, n_bins, len(r))


def _area_below(r: Tensor, chi: Tensor, limit: Tensor) -> Tensor:
    """Return the signed area of quadrilaterals, shape ``(n, 4)``, at radii below `limit`, shape ``(n,)``.

    By Green's theorem the area is the integral of ``chi dr`` along the outline; the cut at `limit` adds
    nothing, because ``dr`` is zero on it.
    """
    r0, r1, c0, c1 = r, r.roll(-1, 1), chi, chi.roll(-1, 1)
    a, b = torch.minimum(r0, limit[:, None]), torch.minimum(r1, limit[:, None])
    slope = torch.where(r1 == r0, 0.0, (c1 - c0) / torch.where(r1 == r0, 1.0, r1 - r0))
    middle = c0 + slope * (0.5 * (a + b) - r0)
    return (middle * (b - a)).sum(1)
