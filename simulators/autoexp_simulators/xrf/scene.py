"""The Scene of a fluorescence microprobe: cells under a focused beam."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp_simulators.xrf.elements import ELEMENTS
from autoexp_simulators.xrf.sample import Cell, FloatArray, random_cells
from autoexp_simulators.xrf.spectrum import EnergyDispersive, compton

if TYPE_CHECKING:
    import xarray as xr

    from autoexp.reduction.spectra import SpectrumFit

HALF = 50.0
"""The sample reaches from minus so many um to plus, along x and y."""

EXCITATION = 12_000.0
"""Energy of the beam in eV, for which the table of elements holds."""

_SCATTERING = ("elastic", "compton", "background")
_TOGETHER = 512


@dataclass(frozen=True)
class XrfScene:
    """Cells on a thin film, a beam of 12 keV, and a detector at 90 degrees.

    Parameters
    ----------
    cells
        What varies from place to place.
    detector
        Energy resolution, pile-up and dead time.
    softness
        Width of a cell's edge as a share of its radius.
    film
        Areal density of each element everywhere, in ug/cm².
    flux
        Photons per second on the sample.
    efficiency
        Share of all fluorescence that the detector sees.
    elastic, compton, background
        Counts per second of the film's elastic and Compton scattering, and of what falls off with energy between.
    thickening
        By what share scattering grows per ug/cm² of the elements together.
    """

    cells: tuple[Cell, ...]
    detector: EnergyDispersive = field(default_factory=EnergyDispersive)
    softness: float = 0.12
    film: tuple[float, ...] = (0.1, 0.1, 0.005, 0.02, 0.005, 0.01)
    flux: float = 1e10
    efficiency: float = 0.02
    elastic: float = 4e3
    compton: float = 9e3
    background: float = 3e3
    thickening: float = 0.1

    @property
    def components(self) -> tuple[str, ...]:
        """Names of what a spectrum consists of: elements and scattering."""
        return (*(element.name for element in ELEMENTS), *_SCATTERING)

    @cached_property
    def shapes(self) -> FloatArray:
        """Share of each component's photons in each channel, shape ``(components, channels)``."""
        seen = self.detector
        falling = np.exp(-seen.energies() / 4_000.0) * (seen.energies() < EXCITATION)
        scattered = (
            seen.peak(EXCITATION),
            seen.peak(compton(EXCITATION, np.pi / 2), broadening=90.0),
            falling / falling.sum(),
        )
        return np.stack([*(seen.lines(element) for element in ELEMENTS), *scattered])

    def densities(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return areal densities in ug/cm² at places in um, shape ``(elements, ...)``."""
        film = np.multiply.outer(np.array(self.film), np.ones(np.shape(x)))
        return np.asarray(film + sum((each.densities(x, y, self.softness) for each in self.cells), np.zeros_like(film)))

    def rates(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return photons per second of each component at places in um, shape ``(components, ...)``.

        Fluorescence of a thin sample is ``flux efficiency density production``: no photon is absorbed on its way
        (B. Beckhoff et al., Handbook of Practical X-Ray Fluorescence Analysis, 2006, section 5).
        """
        densities = self.densities(x, y)
        production = 1e-6 * np.array([element.production for element in ELEMENTS])
        fluorescence = self.flux * self.efficiency * (densities.T * production).T
        thicker = 1.0 + self.thickening * densities.sum(axis=0)
        scattering = np.multiply.outer(np.array([self.elastic, self.compton, self.background]), thicker)
        return np.concatenate([fluorescence, scattering])

    def spectra(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return recorded counts per second and channel at points as for `expected`, shape ``(n, channels)``."""
        x, y = (np.asarray(points[name], dtype=float) for name in ("sample_x", "sample_y"))
        return self.detector.record(self.rates(x, y).T @ self.shapes)

    def fit(self) -> "SpectrumFit":
        """Return the reducer's fit by the lines and the scattering; it knows nothing of pile-up and dead time."""
        from autoexp.reduction.spectra import SpectrumFit

        return SpectrumFit(torch.from_numpy(self.shapes.T.copy()), self.components, unit="1/s")

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``xrf_Fe`` and its like: counts per second of each component, as a fit finds them without noise.

        They are as recorded: less than the photons by dead time, and changed where sums of two photons fall on
        a line. The exposure does not enter.

        Parameters
        ----------
        points
            ``sample_x`` and ``sample_y`` in um, shape ``(n,)`` each.
        """
        fit, x = self.fit(), np.asarray(points["sample_x"], dtype=float)
        amounts = np.empty((len(x), len(self.components)))
        for start in range(0, len(x), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            spectra = torch.from_numpy(self.spectra({name: np.asarray(points[name])[part] for name in _PLACE}))
            amounts[part] = fit.fit(spectra, spectra)[0].numpy()
        return {f"xrf_{name}": amounts[:, index] for index, name in enumerate(self.components)}

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return counts per second, shape ``(n, 1, channels)``; see `autoexp_simulators.specs.Photons`."""
        spectra = self.spectra({name: positions[name].cpu().numpy() for name in _PLACE})
        return torch.from_numpy(spectra).to(time.device, torch.float32)[:, None, :]

    def labels(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the number of the cell at places in um, counted from 1; 0 beside the cells."""
        found = np.zeros(np.shape(x))
        for number, each in enumerate(self.cells, start=1):
            found[each.radius(x, y) < 1.0] = number
        return found

    def truth(self) -> "xr.Dataset":
        """Return maps of areal density, of the photons per second, and of the cells."""
        import xarray as xr

        place = np.linspace(-HALF, HALF, 101)
        y, x = np.meshgrid(place, place, indexing="ij")
        at = {name: (name, place, {"units": "um"}) for name in ("sample_y", "sample_x")}
        elements = [element.name for element in ELEMENTS]
        dims = ("element", "sample_y", "sample_x")
        return xr.Dataset(
            {
                "areal_density": (dims, self.densities(x, y), {"units": "ug/cm^2"}),
                "rate": (dims, self.rates(x, y)[: len(elements)], {"units": "1/s"}),
                "cell": (dims[1:], self.labels(x, y).astype(int), {"units": ""}),
            },
            coords=at | {"element": elements},
            attrs={"cells": len(self.cells)},
        )


_PLACE = ("sample_x", "sample_y")


def xrf_scene(seed: int) -> XrfScene:
    """Return up to eight cells, placed and filled by `seed`."""
    return XrfScene(random_cells(np.random.default_rng(seed), 8, HALF))
