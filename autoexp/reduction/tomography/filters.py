"""What projections are filtered with before they are smeared back.

References
----------
.. [1] A. C. Kak and M. Slaney, Principles of Computerized Tomographic Imaging (1988), section 3.3.
"""

import math
from typing import Literal

import torch
from torch import Tensor

Window = Literal["ramp", "linear", "shepp-logan", "hann"]


def ramp(length: int, window: Window = "ramp", smoothness: float = 0.0, pixel: float = 1.0) -> Tensor:
    """Return the filter at the frequencies of ``rfft``, in cycles per column, float64.

    It is the transform of the band-limited ramp's own samples, 1/4 at 0 and ``-1 / (pi n)²`` at odd n (eq. 61 of
    [1]_), so that a constant comes out right; times a window that damps high frequencies.

    Parameters
    ----------
    length
        Columns after padding.
    window
        ``"ramp"`` for none, ``"shepp-logan"`` for a sinc, ``"linear"`` for its square, which is what linear
        interpolation between columns does elsewhere, ``"hann"`` for a raised cosine.
    smoothness
        With it the filter is that of the least squares of `autoexp.reduction.tomography.Iterative`, were there no
        gaps between angles: ``|f| / (1 + smoothness |f| (2 pi f)²)``.
    pixel
        Side of a picture's pixel in columns: the window ends at the highest frequency that it can show, and so does
        the filter.
    """
    n = torch.arange(length, dtype=torch.float64)
    n = torch.minimum(n, length - n)
    impulse = torch.where(n % 2 == 1, -1.0 / (math.pi * n.clamp(min=1)) ** 2, 0.0)
    impulse[0] = 0.25
    frequency = torch.fft.rfftfreq(length, dtype=torch.float64)
    smooth = 1.0 + smoothness * frequency * (2.0 * math.pi * frequency) ** 2
    shown = (frequency * pixel <= 0.5) * _window(frequency * pixel, window)
    response: Tensor = torch.fft.rfft(impulse).real
    return response.mul_(shown / smooth)


def squared(response: Tensor, length: int) -> Tensor:
    """Return the filter whose impulse response is the square of another's: what it does to variances."""
    power: Tensor = torch.fft.rfft(torch.fft.irfft(response, n=length) ** 2).real
    return power


def _window(frequency: Tensor, window: Window) -> Tensor:
    if window == "shepp-logan":
        return torch.sinc(frequency)
    if window == "linear":
        return torch.sinc(frequency) ** 2
    if window == "hann":
        return 0.5 + 0.5 * torch.cos(2.0 * math.pi * frequency)
    return torch.ones_like(frequency)
