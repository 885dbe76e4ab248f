"""The optics of far-field ptychography: how pixels of the detector and samples of the object belong together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.records import FloatArray


@dataclass(frozen=True, slots=True)
class FarField:
    """A detector in the far field of a thin sample.

    Parameters
    ----------
    shape
        Rows and columns of the detector; the direct beam is at pixel ``(rows // 2, columns // 2)``.
    pixel_size
        Side of a pixel in m.
    distance
        From the sample to the detector in m.
    wavelength
        In m.

    Raises
    ------
    ReductionError
        If a length is not positive, or the detector has fewer than 4 rows or columns.
    """

    shape: tuple[int, int]
    pixel_size: float
    distance: float
    wavelength: float

    def __post_init__(self) -> None:
        for name in ("pixel_size", "distance", "wavelength"):
            if not 0 < getattr(self, name) < math.inf:
                raise ReductionError(f"{name} must be a positive length in m, got {getattr(self, name)}")
        if min(self.shape) < 4:
            raise ReductionError(f"shape must be 4 rows and columns or more, got {self.shape}")

    @property
    def sampling(self) -> tuple[float, float]:
        """Sides in um of a sample of object and probe along y and x, ``wavelength distance / (pixels pixel_size)``."""
        rows, columns = (1e6 * self.wavelength * self.distance / (n * self.pixel_size) for n in self.shape)
        return rows, columns

    def defocused(self, amplitude: Tensor, defocus: float) -> Tensor:
        """Return a wave on the sample, complex64, shape `shape`, from its amplitude on the detector.

        Its phase there is ``-pi wavelength defocus f²`` at spatial frequency f, as of a lens without aberrations
        but defocus (J. W. Goodman, Introduction to Fourier Optics, 3rd ed., 2005, 6.4).

        Parameters
        ----------
        amplitude
            Zero frequency first, shape `shape`.
        defocus
            From the focus to the sample in m.
        """
        y, x = (np.fft.fftfreq(n, 1e-6 * d) for n, d in zip(self.shape, self.sampling, strict=True))
        phase = -math.pi * self.wavelength * defocus * (y[:, None] ** 2 + x**2)
        far = amplitude * torch.from_numpy(np.exp(1j * phase)).to(amplitude.device)
        wave: Tensor = torch.fft.fftshift(torch.fft.ifft2(far, norm="ortho")).to(torch.complex64)
        return wave

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "shape": list(self.shape),
            "pixel_size": self.pixel_size,
            "distance": self.distance,
            "wavelength": self.wavelength,
        }


@dataclass(frozen=True, slots=True)
class ObjectGrid:
    """Where the object is sampled.

    Parameters
    ----------
    optics
        Its samples are as far apart as this says.
    x, y
        Least and greatest position in um of the middle of the probe.
    margin
        Positions may be so many samples beyond.

    Raises
    ------
    ReductionError
        If a range is empty or not finite.
    """

    optics: FarField
    x: tuple[float, float]
    y: tuple[float, float]
    margin: int = 4

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            low, high = getattr(self, name)
            if not -math.inf < low <= high < math.inf:
                raise ReductionError(f"{name} must be a range in um from low to high, got low={low}, high={high}")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the object."""
        rows, columns = (
            math.ceil((high - low) / step - 1e-9) + n + 2 * self.margin
            for (low, high), step, n in zip((self.y, self.x), self.optics.sampling, self.optics.shape, strict=True)
        )
        return rows, columns

    @property
    def axes(self) -> tuple[FloatArray, FloatArray]:
        """Places of the samples in um along y, shape ``(rows,)``, and along x, shape ``(columns,)``."""
        y, x = (
            low + step * (np.arange(length, dtype=float) - self.margin - n // 2)
            for low, step, length, n in zip(
                (self.y[0], self.x[0]), self.optics.sampling, self.shape, self.optics.shape, strict=True
            )
        )
        return y, x

    def place(self, x: float, y: float) -> tuple[tuple[int, int], tuple[float, float]]:
        """Return where on the object a probe is whose middle is at (x, y) um.

        Returns
        -------
        corner
            Row and column of the object's sample nearest to the probe's first one.
        offset
            By which share of a sample the probe is further on along y and x, -0.5 to 0.5.

        Raises
        ------
        ReductionError
            If the probe would leave the object.
        """
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ReductionError(f"a position must be finite, got x={x} um, y={y} um")
        (dy, dx), (rows, columns) = self.optics.sampling, self.shape
        down, right = (y - self.y[0]) / dy + self.margin, (x - self.x[0]) / dx + self.margin
        row, column = round(down), round(right)
        if not (0 <= row <= rows - self.optics.shape[0] and 0 <= column <= columns - self.optics.shape[1]):
            raise ReductionError(
                f"a position must be within x from {self.x[0]} to {self.x[1]} um and y from {self.y[0]} to "
                f"{self.y[1]} um, got x={x} um, y={y} um"
            )
        return (row, column), (down - row, right - column)
