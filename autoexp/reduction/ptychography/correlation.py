"""Fourier ring correlation of two complex images, and the resolution where it falls below the half-bit threshold."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class RingCorrelation:
    """How alike two images are, ring by ring of spatial frequency.

    Parameters
    ----------
    frequency
        Middle of each ring, in 1/um, shape ``(rings,)``.
    value
        ``|sum F G*| / sqrt(sum|F|² sum|G|²)`` over the ring, shape ``(rings,)`` [1]_.
    count
        Independent Fourier coefficients in the ring, shape ``(rings,)``.

    References
    ----------
    .. [1] W. O. Saxton and W. Baumeister, J. Microsc. 127, 127 (1982).
    """

    frequency: Tensor
    value: Tensor
    count: Tensor

    @property
    def sigma(self) -> Tensor:
        """Standard deviation of each value, ``(1 - value²) / sqrt(2 count)``, as of a complex correlation."""
        return (1.0 - self.value.square()) / (2.0 * self.count).sqrt()

    @property
    def threshold(self) -> Tensor:
        """What a signal of half a bit per coefficient in both halves together would give, shape ``(rings,)``.

        ``(0.2071 + 1.9102/sqrt(n)) / (1.2071 + 0.9102/sqrt(n))`` of n coefficients (M. van Heel and M. Schatz,
        J. Struct. Biol. 151, 250 (2005), eq. 17).
        """
        root = self.count.sqrt()
        return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)

    def crossing(self) -> tuple[float, float]:
        """Return above which frequency the value stays below the threshold, in 1/um, and its standard deviation.

        Linear between rings; infinite where the last two rings are above, and NaN where no two neighbours are. The
        last fall counts, not the first, because an image without structure at some frequency dips there; a single
        ring above is taken for noise.
        """
        excess, frequency = (self.value - self.threshold).tolist(), self.frequency.tolist()
        sigma = self.sigma.tolist()
        pairs = [i for i in range(1, len(excess)) if min(excess[i - 1], excess[i]) > 0]
        if not pairs:
            return math.nan, math.nan
        if pairs[-1] == len(excess) - 1:
            return math.inf, math.nan
        i = pairs[-1] + 1
        share = excess[i - 1] / (excess[i - 1] - excess[i])
        slope = (excess[i - 1] - excess[i]) / (frequency[i] - frequency[i - 1])
        spread = math.hypot((1.0 - share) * sigma[i - 1], share * sigma[i])
        return frequency[i - 1] + share * (frequency[i] - frequency[i - 1]), spread / slope


def ring_correlation(
    a: Tensor, b: Tensor, window: Tensor, sampling: tuple[float, float], rings: int
) -> RingCorrelation:
    """Correlate two images ring by ring, up to the smaller of both axes' Nyquist frequencies.

    Parameters
    ----------
    a, b
        Complex, shape ``(y, x)``.
    window
        Weight of each sample, shape ``(y, x)``, smooth towards zero; the weighted mean is taken from both images.
    sampling
        In um along y and x.
    rings
        How many.

    Notes
    -----
    A window makes neighbouring coefficients depend on each other. As for the sum over a ring of the products of two
    windowed white noises, ``n² c(0)² / sum |c(k - l)|²`` count as independent, the sum over all pairs k, l of the
    ring's n coefficients and c the Fourier transform of ``window²``.
    """
    spectra = [torch.fft.fft2(_centred(image, window)) for image in (a, b)]
    y, x = (
        torch.fft.fftfreq(n, d, device=a.device, dtype=window.dtype) for n, d in zip(a.shape, sampling, strict=True)
    )
    width = 0.5 / max(sampling) / rings
    ring = (torch.hypot(y[:, None].expand(a.shape), x.expand(a.shape)) / width).long()
    members = (ring == torch.arange(rings, device=a.device)[:, None, None]).to(window.dtype)

    def total(values: Tensor) -> Tensor:
        return torch.einsum("ryx,yx->r", members.to(values.dtype), values)

    product = total(spectra[0] * spectra[1].conj()).abs()
    norms = [total(spectrum.abs().square()) for spectrum in spectra]
    frequency = (torch.arange(rings, device=a.device) + 0.5) * width
    value = product / (norms[0] * norms[1]).sqrt().clamp(min=1e-300)
    return RingCorrelation(frequency, value, _independent(members, window).clamp(min=1.0))


def _independent(members: Tensor, window: Tensor) -> Tensor:
    """Return how many coefficients of each ring count as independent, shape ``(rings,)``."""
    links = torch.fft.fft2(window.square()).abs().square()
    pairs = torch.fft.fft2(members).abs().square() * torch.fft.fft2(links).real
    count: Tensor = members.sum((1, 2)).square() * links[0, 0] * window.numel() / pairs.sum((1, 2))
    return count


def _centred(image: Tensor, window: Tensor) -> Tensor:
    wide = image.to(torch.complex128)
    return (wide - (wide * window).sum() / window.sum()) * window
