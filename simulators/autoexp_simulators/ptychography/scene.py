"""The Scene of a ptychography beamline: a sample that is moved through a coherent beam.

References
----------
.. [1] J. M. Rodenburg and H. M. L. Faulkner, Appl. Phys. Lett. 85, 4795 (2004): patterns of probe times object.
.. [2] J. W. Goodman, Introduction to Fourier Optics (3rd ed., 2005), 4.3 (far field) and 6.4 (aberrated pupil).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autoexp_simulators.ptychography.sample import FloatArray, Star, random_star

if TYPE_CHECKING:
    import xarray as xr

TRAVEL = 1.5
"""The sample moves from minus so many µm to plus, along x and y."""

_TOGETHER = 8


@dataclass(frozen=True)
class PtychographyScene:
    """A thin sample behind a lens, and a detector in its far field.

    Parameters
    ----------
    star
        The sample.
    shape
        Rows and columns of the detector: even, and equal.
    pixel_size
        Side of a pixel in m.
    distance
        From the sample to the detector in m.
    wavelength
        In m.
    aperture
        Sine of the half angle of the lens's cone.
    defocus
        From the focus to the sample in m.
    flux
        Photons per second in the beam.
    exposure
        Seconds per frame, for which `expected` gives counts.
    """

    star: Star
    shape: tuple[int, int] = (256, 256)
    pixel_size: float = 75e-6
    distance: float = 2.0
    wavelength: float = 1.5e-10
    aperture: float = 1.2e-3
    defocus: float = 3e-4
    flux: float = 1e7
    exposure: float = 0.1

    def __post_init__(self) -> None:
        rows, columns = self.shape
        if rows != columns or rows % 2:
            raise ValueError(f"shape must be even and square, got {self.shape}")

    @property
    def window(self) -> int:
        """Side of the probe in pixels: half the detector's, so that patterns are sampled twice as finely as needed."""
        return self.shape[0] // 2

    @property
    def sampling(self) -> float:
        """Side in µm of a pixel of probe and object, ``wavelength distance / (pixels pixel_size)``."""
        return 1e6 * self.wavelength * self.distance / (self.shape[0] * self.pixel_size)

    @property
    def bands(self) -> tuple[tuple[str, int, int], ...]:
        """Name, first column and one past the last: the lens's cone, and what is scattered to either side of it."""
        size = self.shape[0]
        reach = int(np.ceil(self.aperture * self.distance / self.pixel_size)) + 2
        low, high = size // 2 - reach, size // 2 + reach + 1
        return ("left", 0, low), ("cone", low, high), ("right", high, size)

    @cached_property
    def probe(self) -> NDArray[np.complex64]:
        """The wave on the sample, shape ``(window, window)``: the sum of ``|probe|²`` is the flux.

        The Fourier transform of the lens's disc, its edge some pixels wide, with the phase
        ``pi wavelength defocus f²`` of defocus at spatial frequency ``f`` (Goodman); zero beyond the window.
        """
        size = self.shape[0]
        frequency = np.fft.fftfreq(size, self.sampling * 1e-6)
        square = frequency[:, None] ** 2 + frequency**2
        radius = np.sqrt(square) * self.wavelength * self.distance / self.pixel_size
        disc = 0.5 - 0.5 * np.tanh((radius - self.aperture * self.distance / self.pixel_size) / 2.0)
        wave = np.fft.fftshift(np.fft.ifft2(disc * np.exp(-1j * np.pi * self.wavelength * self.defocus * square)))
        low = size // 2 - self.window // 2
        wave = wave[low : low + self.window, low : low + self.window]
        return np.asarray(wave * np.sqrt(self.flux / (np.abs(wave) ** 2).sum())).astype(np.complex64)

    @cached_property
    def places(self) -> FloatArray:
        """Where the object's samples are along x, and along y, in µm."""
        half = self.window // 2 + int(np.ceil(TRAVEL / self.sampling)) + 2
        return np.asarray(np.arange(-half, half + 1) * self.sampling, dtype=float)

    @cached_property
    def object(self) -> NDArray[np.complex64]:
        """The sample's transmission, shape ``(y, x)`` over `places`; linear between them."""
        return self.star.transmission(self.places[None, :], self.places[:, None]).astype(np.complex64)

    def exit_waves(self, x: FloatArray, y: FloatArray) -> Tensor:
        """Return probe times object, complex64, shape ``(n, window, window)``.

        Parameters
        ----------
        x, y
            Place of the object, in µm, shape ``(n,)`` each, at pixel ``(window // 2, window // 2)`` of the probe.
            At most `TRAVEL` and a pixel from the middle; further out the object is that at the border.
        """
        whole, probe = torch.from_numpy(self.object), torch.from_numpy(self.probe)
        waves = torch.empty((len(x), *probe.shape), dtype=probe.dtype)
        for wave, row, column in zip(waves, self._first(y), self._first(x), strict=True):
            torch.mul(_patch(whole, row, column, self.window), probe, out=wave)
        return waves

    def _first(self, middle: FloatArray) -> FloatArray:
        """Return the place, in samples of the object, of the first pixel of the probe."""
        first = (middle - self.places[0]) / self.sampling - self.window // 2
        return np.asarray(np.clip(first, 0.0, len(self.places) - self.window - 1.001))

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the expected photons per second of each pixel; see `autoexp_simulators.specs.Photons`.

        ``|F(probe object)|²`` (Rodenburg and Faulkner) with the unitary transform, so that no photon is lost but in
        the sample; pixel ``(size / 2, size / 2)`` is the direct beam.
        """
        x, y = (positions[name].cpu().numpy().astype(float) for name in ("sample_x", "sample_y"))
        waves, shift = self.exit_waves(x, y).to(time.device), torch.from_numpy(self._shift).to(time.device)
        padded = torch.zeros(self.shape, dtype=waves.dtype, device=time.device)
        amplitudes = torch.empty_like(padded)
        real, imaginary = torch.view_as_real(amplitudes).unbind(dim=-1)
        patterns = torch.empty((len(waves), *self.shape), device=time.device)
        for wave, pattern in zip(waves, patterns, strict=True):
            torch.mul(wave, shift, out=padded[: self.window, : self.window])
            torch.fft.fft2(padded, out=amplitudes)
            torch.square(real, out=pattern).addcmul_(imaginary, imaginary)
        return patterns

    @cached_property
    def _shift(self) -> NDArray[np.float32]:
        """What moves the direct beam to the middle, and makes the transform unitary."""
        signs = 1 - 2 * (np.arange(self.window) % 2)
        return (np.outer(signs, signs) / self.shape[0]).astype(np.float32)

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``pattern_left``, ``pattern_cone`` and ``pattern_right``: counts of a frame in `bands`.

        Parameters
        ----------
        points
            ``sample_x`` and ``sample_y`` in µm, shape ``(n,)`` each.
        """
        both = [torch.as_tensor(np.asarray(points[name], dtype=float)) for name in ("sample_x", "sample_y")]
        parts = zip(*(torch.split(each, _TOGETHER) for each in both), strict=True)
        columns = [
            self.photons({"sample_x": x, "sample_y": y}, x).sum(dim=1, dtype=torch.float64) for x, y in parts if len(x)
        ]
        counts = np.concatenate([np.zeros((0, self.shape[1])), *(each.numpy() for each in columns)]) * self.exposure
        return {f"pattern_{name}": counts[:, low:high].sum(axis=1) for name, low, high in self.bands}

    def truth(self) -> "xr.Dataset":
        """Return object and probe, complex."""
        import xarray as xr

        around = np.asarray((np.arange(self.window) - self.window // 2) * self.sampling, dtype=float)
        places = {name: (name, self.places, {"units": "um"}) for name in ("y", "x")}
        places |= {name: (name, around, {"units": "um"}) for name in ("probe_y", "probe_x")}
        return xr.Dataset(
            {
                "object": (("y", "x"), self.object, {"units": ""}),
                "probe": (("probe_y", "probe_x"), self.probe, {"units": "sqrt(photon/s)"}),
            },
            coords=places,
            attrs={"sampling_um": self.sampling, "defocus_m": self.defocus},
        )


def _patch(whole: Tensor, row: float, column: float, size: int) -> Tensor:
    """Return ``(size, size)`` samples from a place between samples on, interpolated linearly along both axes."""
    i, j = int(row), int(column)
    rows = whole[i : i + size + 1, j : j + size + 1]
    between = torch.add(rows[:-1] * (1.0 - (row - i)), rows[1:], alpha=row - i)
    return torch.add(between[:, :-1] * (1.0 - (column - j)), between[:, 1:], alpha=column - j)


def ptychography_scene(seed: int) -> PtychographyScene:
    """Return a star turned by `seed`, and particles on it."""
    return PtychographyScene(random_star(np.random.default_rng(seed)))
