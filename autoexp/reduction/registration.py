"""By how much an image is shifted against another, far below a pixel."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.records import FloatArray

_FINE = 10
"""Points per pixel on which the peak is looked for, before Newton's method takes over."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Where an image is against the reference, in pixels.

    Parameters
    ----------
    y, x
        Shift towards rising y and x.
    sigma_y, sigma_x
        Standard deviations of both, from the noise of image and reference.
    significance
        Height of the correlation's peak in standard deviations of its noise.
    """

    y: float
    x: float
    sigma_y: float
    sigma_x: float
    significance: float


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What of a reference image does not change from one comparison to the next.

    Parameters
    ----------
    spectrum
        Half of its Fourier transform, complex64, shape ``(rows, columns // 2 + 1)``.
    shape
        Rows and columns.
    variance, energy, height
        Sums of the pixels' variances, of their squared values, and of the products of both.
    slopes
        Sum of the products of the slopes along y and x times the variances, shape ``(2, 2)``.
    noise
        What the noise of the reference itself adds to the diagonal of `slopes`.
    normalise
        Whether every frequency counts alike.
    """

    spectrum: Tensor
    shape: tuple[int, int]
    variance: Tensor
    energy: Tensor
    height: Tensor
    slopes: Tensor
    noise: Tensor
    normalise: bool

    @classmethod
    def of(cls, image: Tensor, variance: Tensor, *, normalise: bool = False) -> "Template":
        """Prepare a reference.

        Parameters
        ----------
        image
            Its values above their mean, shape ``(y, x)``.
        variance
            Of each value.
        normalise
            Whether every frequency shall count alike, as in phase correlation.
        """
        spectrum, size = torch.fft.rfft2(image.float()), (image.shape[0], image.shape[1])
        slopes = _slopes(spectrum, size)
        products = torch.einsum("ayx,byx,yx->ab", slopes, slopes, variance.float()).double()
        energy, noise = image.square(), variance.square().sum() * (math.pi**2 / 3.0)
        height = (energy * variance).sum()
        return cls(spectrum, size, variance.sum(), energy.sum(), height, products, noise, normalise)

    def to(self, device: str) -> "Template":
        """Return it on another device."""
        return Template(
            self.spectrum.to(device),
            self.shape,
            self.variance.to(device),
            self.energy.to(device),
            self.height.to(device),
            self.slopes.to(device),
            self.noise.to(device),
            self.normalise,
        )

    def shift_of(self, image: Tensor, variance: Tensor) -> Shift:
        """Return where an image is against the reference.

        The peak of the cross-correlation, which is summed from a product of spectra around its highest point
        (M. Guizar-Sicairos et al., Opt. Lett. 33, 156 (2008)) and then climbed by Newton's method.

        Parameters
        ----------
        image
            Values above their mean, shape ``(y, x)``.
        variance
            Of each value.
        """
        product = torch.fft.rfft2(image.float()) * self.spectrum.conj()
        if self.normalise:
            product = product / _floored(product)
        coarse = torch.fft.irfft2(product, s=self.shape)
        row, column = divmod(int(coarse.argmax()), self.shape[1])
        at = _climbed(product, self.shape, _finer(product, self.shape, (float(row), float(column))))
        height, _, curvature = _peak(product, self.shape, at)
        noise = float(variance.sum() / self.variance)
        y, x = (_nearest(each, length) for each, length in zip(at, self.shape, strict=True))
        spread = _scatter(product, self.shape, at) if self.normalise else self._spread(height, noise)
        return Shift(y, x, *_sigmas(curvature, spread), self._significance(height, noise))

    def _scale(self, height: float) -> float:
        """Return how bright the image is, the reference being 1."""
        energy = float(self.energy)
        return height / energy if energy > 0 else 0.0

    def _spread(self, height: float, noise: float) -> FloatArray:
        """Return the covariance of the slope that noise gives the peak, shape ``(2, 2)``.

        That slope is the sum of the pixels' noise times the slopes of the other image, which but for its
        brightness is taken to be the reference.
        """
        slopes, own = self.slopes.cpu().numpy(), float(self.noise) * np.eye(2)
        return slopes * noise + self._scale(height) ** 2 * np.maximum(slopes - own, 0.0)

    def _significance(self, height: float, noise: float) -> float:
        if self.normalise:
            return height * math.sqrt(math.prod(self.shape))
        spread = float(self.height) * (noise + self._scale(height) ** 2)
        return height / math.sqrt(spread) if spread > 0 else math.nan


def _sigmas(curvature: FloatArray, spread: FloatArray) -> tuple[float, float]:
    """Return the standard deviations of where a peak is: it moves by its slope over its curvature."""
    if not np.linalg.eigvalsh(-curvature).min() > 0:
        return math.nan, math.nan
    inverse = np.linalg.inv(curvature)
    sigmas = np.sqrt(np.maximum(np.diag(inverse @ spread @ inverse), 0.0))
    return float(sigmas[0]), float(sigmas[1])


def _scatter(product: Tensor, shape: tuple[int, int], at: tuple[float, float]) -> FloatArray:
    """Return the covariance of a peak's slope, from what each frequency adds to it on its own, shape ``(2, 2)``."""
    y, x = _frequencies(shape, product)
    moved = product * torch.exp(1j * at[0] * y)[:, None] * torch.exp(1j * at[1] * x)
    squares = (moved.imag * _twice(shape[1], x)).square()
    # a frequency and its negative stand for two, but are one
    rows, columns = squares.sum(1), squares.sum(0)
    yx = float(y @ squares @ x)
    found = np.array([[float(y.square() @ rows), yx], [yx, float(x.square() @ columns)]])
    return found / math.prod(shape) ** 2


def _floored(spectrum: Tensor) -> Tensor:
    """Return the moduli, none of them so small that it is only rounding."""
    size = spectrum.abs()
    return size.clamp(min=1e-6 * float(size.max()) or 1.0)


def _frequencies(shape: tuple[int, int], like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the angular frequencies of half a spectrum along y and x, per pixel, float64."""
    rows, columns = shape
    y = torch.fft.fftfreq(rows, dtype=torch.float64, device=like.device)
    x = torch.fft.rfftfreq(columns, dtype=torch.float64, device=like.device)
    return 2.0 * torch.pi * y, 2.0 * torch.pi * x


def _slopes(spectrum: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return the derivatives of an image along y and x, shape ``(2, y, x)``."""
    y, x = (each.float() for each in _frequencies(shape, spectrum))
    both = torch.stack([1j * y[:, None] * spectrum, 1j * x[None, :] * spectrum])
    slopes: Tensor = torch.fft.irfft2(both, s=shape)
    return slopes


def _twice(columns: int, like: Tensor) -> Tensor:
    """Return how often each column of half a spectrum stands in the whole one."""
    twice = torch.full((columns // 2 + 1,), 2.0, dtype=torch.float64, device=like.device)
    twice[0] = 1.0
    if columns % 2 == 0:
        twice[-1] = 1.0
    return twice


def _finer(product: Tensor, shape: tuple[int, int], at: tuple[float, float]) -> tuple[float, float]:
    """Return the highest point of a correlation near `at`, on a grid finer than pixels."""
    offsets = torch.arange(-_FINE, _FINE + 1, dtype=torch.float64, device=product.device) / _FINE
    y, x = _frequencies(shape, product)
    left = torch.exp(1j * (at[0] + offsets)[:, None] * y).to(product.dtype)
    right = (torch.exp(1j * (at[1] + offsets)[:, None] * x) * _twice(shape[1], product)).to(product.dtype)
    row, column = divmod(int((left @ product @ right.T).real.argmax()), len(offsets))
    return at[0] + float(offsets[row]), at[1] + float(offsets[column])


def _climbed(product: Tensor, shape: tuple[int, int], at: tuple[float, float]) -> tuple[float, float]:
    """Follow a correlation to the top, within a step of the fine grid."""
    place = np.array(at)
    for _ in range(3):
        _, slope, curvature = _peak(product, shape, (float(place[0]), float(place[1])))
        if not np.linalg.eigvalsh(-curvature).min() > 0:
            break
        place = np.clip(place - np.linalg.solve(curvature, slope), np.array(at) - 1 / _FINE, np.array(at) + 1 / _FINE)
    return float(place[0]), float(place[1])


def _peak(product: Tensor, shape: tuple[int, int], at: tuple[float, float]) -> tuple[float, FloatArray, FloatArray]:
    """Return a correlation at a point, with its first and second derivatives there."""
    y, x = _frequencies(shape, product)
    left = torch.stack([(1j * y) ** power for power in range(3)]) * torch.exp(1j * at[0] * y)
    right = torch.stack([(1j * x) ** power for power in range(3)]) * torch.exp(1j * at[1] * x) * _twice(shape[1], x)
    found = (left.to(product.dtype) @ product).to(right.dtype) @ right.T
    c = found.real.cpu().numpy() / math.prod(shape)
    return float(c[0, 0]), np.array([c[1, 0], c[0, 1]]), np.array([[c[2, 0], c[1, 1]], [c[1, 1], c[0, 2]]])


def _nearest(shift: float, length: int) -> float:
    """Return a shift of a periodic image as the smallest one."""
    return (shift + length / 2) % length - length / 2
