"""The Scene of cells in which some iron is crystalline, seen by a cheap and by a dear detector."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.geometry import Poni
from autoexp_simulators.wafer.powder import FloatArray, Phase
from autoexp_simulators.xrf.sample import Cell, random_cells
from autoexp_simulators.xrf.scene import HALF, XrfScene

if TYPE_CHECKING:
    import xarray as xr

Q_RANGE = (1.0, 4.2)
"""Of the diffraction curve, in 1/Å."""

BINS = 400
"""Points of the curve."""

LATTICE = 2.8665
"""Lattice constant of body-centred iron in Å (CRC Handbook of Chemistry and Physics)."""

RING = (3.056, 3.136)
"""Low and high in 1/Å of what `MultimodalScene.expected` averages: ten whole bins around 110 of iron."""

_IRON = 3


def _geometry() -> Poni:
    pixel = 172e-6
    return Poni((512, 512), (pixel, pixel), 0.07, (256.2 * pixel, 255.4 * pixel), wavelength=1.03320e-10)


@dataclass(frozen=True)
class MultimodalScene:
    """Fluorescence tells how much iron there is, diffraction how much of it is crystalline.

    Parameters
    ----------
    fluorescence
        The sample as the spectrum detector sees it.
    crystallinity
        Share of each cell's iron that is crystalline, between 0 and 1.
    crystal
        What the crystals are; `strength` is for 1 ug/cm² of iron in them.
    geometry
        The area detector.
    glass
        Photons per second and pixel of what is not crystalline.
    exposure
        Seconds per diffraction frame, for which `expected` gives counts.
    """

    fluorescence: XrfScene
    crystallinity: tuple[float, ...]
    crystal: Phase = field(default_factory=lambda: Phase("iron", "I", LATTICE, strength=6000.0))
    geometry: Poni = field(default_factory=_geometry)
    glass: float = 6.0
    exposure: float = 1.0

    def iron(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the areal density of iron in ug/cm² at places in um."""
        return np.asarray(self.fluorescence.densities(x, y)[_IRON])

    def crystalline(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the areal density of crystalline iron in ug/cm² at places in um; that of the film is glass."""
        softness, cells = self.fluorescence.softness, self.fluorescence.cells
        each: list[FloatArray] = [
            share * cell.densities(x, y, softness)[_IRON] for share, cell in zip(self.crystallinity, cells, strict=True)
        ]
        return sum(each, np.zeros(np.shape(x)))

    def parts(self, q: FloatArray) -> FloatArray:
        """Return what scatters at q in 1/Å, photons per second and pixel: crystals of 1 ug/cm², and the rest."""
        halo = self.glass * (1.0 + 2.0 * np.exp(-0.5 * ((np.asarray(q) - 1.7) / 0.3) ** 2))
        return np.stack([self.crystal.curve(q, Q_RANGE[1] + 1.0), halo])

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return the fields of `XrfScene.expected`, and ``pattern_ring``: mean counts of the curve in `RING`.

        Parameters
        ----------
        points
            ``sample_x`` and ``sample_y`` in um, shape ``(n,)`` each.
        """
        ring, rest = self._means * self.exposure
        crystalline = self.crystalline(*_places(points))
        return self.fluorescence.expected(points) | {"pattern_ring": ring * crystalline + rest}

    @cached_property
    def _means(self) -> FloatArray:
        return np.asarray(self.parts(np.linspace(*RING, 501)).mean(axis=-1))

    def spectra(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return what the spectrum detector counts; see `autoexp_simulators.specs.Photons`."""
        return self.fluorescence.photons(positions, time)

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return what reaches the area detector; see `autoexp_simulators.specs.Photons`."""
        points = {name: positions[name].cpu().numpy() for name in ("sample_x", "sample_y")}
        crystalline = self.crystalline(*_places(points))
        amounts = torch.from_numpy(np.stack([crystalline, np.ones_like(crystalline)], axis=-1))
        images = self._images.to(time.device)
        return (amounts.to(time.device, torch.float32) @ images).reshape(-1, *self.geometry.shape)

    @cached_property
    def _images(self) -> Tensor:
        """What each of `parts` sends to each pixel, shape ``(2, pixels)``."""
        two_theta, _ = self.geometry.directions(*self.geometry.centres())
        q = self.geometry.radial(two_theta, "q_A^-1").numpy().reshape(-1)
        return torch.from_numpy(self.parts(q) * self.geometry.solid_angle().numpy().reshape(-1)).to(torch.float32)

    def truth(self) -> "xr.Dataset":
        """Return maps of iron and of crystalline iron, the cells, and how the two correlate over the sample.

        The attribute ``correlation`` is Pearson's coefficient over the map.
        """
        fluorescence = self.fluorescence.truth()
        y, x = np.meshgrid(fluorescence.sample_y.values, fluorescence.sample_x.values, indexing="ij")
        iron, crystalline = self.iron(x, y), self.crystalline(x, y)
        dims, density = ("sample_y", "sample_x"), {"units": "ug/cm^2"}
        maps = {"iron": (dims, iron, density), "crystalline_iron": (dims, crystalline, density)}
        correlation = float(np.corrcoef(iron.ravel(), crystalline.ravel())[0, 1])
        return fluorescence[["cell"]].assign(maps).assign_attrs(correlation=correlation)


def _places(points: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    return np.asarray(points["sample_x"], dtype=float), np.asarray(points["sample_y"], dtype=float)


def multimodal_scene(seed: int) -> MultimodalScene:
    """Return up to eight cells, placed and filled by `seed`, half of them with crystals."""
    generator = np.random.default_rng(seed)
    cells: tuple[Cell, ...] = random_cells(generator, 8, HALF)
    shares = (float(generator.uniform(0.5, 0.9)) if place % 2 == 0 else 0.05 for place in range(len(cells)))
    return MultimodalScene(XrfScene(cells), tuple(shares))
