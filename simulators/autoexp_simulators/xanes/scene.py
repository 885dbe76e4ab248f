"""The Scene of an absorption beamline: two ion chambers, and a sample between them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp_simulators.xanes.physics import FloatArray, Species, mixture, victoreen
from autoexp_simulators.xanes.sample import Particle, edge_steps, random_particles, species_fractions

if TYPE_CHECKING:
    import xarray as xr

ENERGY_RANGE = (7080.0, 7180.0)
"""Of the monochromator, in eV: around the K edge of iron."""

HALF = 1.0
"""The sample reaches from minus so many mm to plus, along x and y."""

SPECIES = (
    Species("metal", 7112.0, 0.15, 14.0, 12.0),
    Species("ferrous", 7119.5, 0.55),
    Species("ferric", 7123.5, 0.75),
)
"""Iron in three states. The metal's edge is that of the X-ray Data Booklet; shifts and white lines are of the
usual size for oxides, and belong to no measured standard."""


@dataclass(frozen=True, slots=True)
class XanesScene:
    """A film with particles, between two ion chambers.

    Parameters
    ----------
    particles
        What varies from place to place.
    species
        What the absorber may be.
    film
        Edge step of the film, ``mu d``.
    matrix
        Absorption ``mu d`` of everything but the edge, at the first edge.
    width
        Full width of the edge by core hole and monochromator, in eV.
    energy_offset
        By how many eV the monochromator delivers more than it says.
    flux
        Photons per second before the first chamber, at time zero.
    lifetime, ripple, ripple_period
        Seconds in which I0 falls to 1/e; size and period (in seconds) of its relative swings.
    shares
        Of the photons that come in, how many each chamber counts and takes away.
    """

    particles: tuple[Particle, ...]
    species: tuple[Species, ...] = SPECIES
    film: float = 0.4
    matrix: float = 0.5
    width: float = 2.5
    energy_offset: float = 0.0
    flux: float = 1e7
    lifetime: float = 36_000.0
    ripple: float = 0.03
    ripple_period: float = 700.0
    shares: tuple[float, float] = (0.2, 0.25)

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``absorption_mu``, what the ``absorption`` reducer would give without noise.

        It is ``ln(I0 / It)`` as counted: the sample's ``mu d`` and the logarithm of ``a / ((1 - a) b)`` for
        shares ``a`` and ``b`` of the chambers (0 by default). The drift of I0 cancels.

        Parameters
        ----------
        points
            ``energy`` in eV, ``sample_x`` and ``sample_y`` in mm, shape ``(n,)`` each.
        """
        first, second = self.shares
        return {"absorption_mu": self.absorption(points) + math.log(first / ((1.0 - first) * second))}

    def absorption(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return ``mu d`` of the sample at points as for `expected`."""
        energy, x, y = (np.asarray(points[name], dtype=float) for name in ("energy", "sample_x", "sample_y"))
        energy = energy + self.energy_offset
        fractions = species_fractions(self.particles, len(self.species), x, y)
        edge = edge_steps(self.particles, self.film, x, y) * mixture(self.species, fractions, energy, self.width)
        return self.matrix * victoreen(energy, self.species[0].edge) + edge

    def incoming(self, time: FloatArray) -> FloatArray:
        """Return the photons per second before the first chamber at beamline seconds."""
        swing = 1.0 + self.ripple * np.sin(2.0 * np.pi * time / self.ripple_period)
        return np.asarray(self.flux * np.exp(-time / self.lifetime) * swing)

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return what both chambers count per second, shape ``(n, 1, 2)``; see `autoexp_simulators.specs.Photons`."""
        points = {name: positions[name].cpu().numpy() for name in ("energy", "sample_x", "sample_y")}
        incoming, (first, second) = self.incoming(time.cpu().numpy()), self.shares
        passed = incoming * (1.0 - first) * np.exp(-self.absorption(points))
        rates = np.stack([incoming * first, passed * second], axis=-1)[:, None, :]
        return torch.from_numpy(rates).to(time.device, torch.float32)

    def truth(self) -> "xr.Dataset":
        """Return maps of the fractions, the edge step and the edge energy, and the species' spectra.

        The edge energy of a mixture is the mean of its species', by fraction; each species' own stands in
        the attributes.
        """
        import xarray as xr

        place = np.linspace(-HALF, HALF, 101)
        energy = np.linspace(*ENERGY_RANGE, 401)
        y, x = np.meshgrid(place, place, indexing="ij")
        fractions = species_fractions(self.particles, len(self.species), x, y)
        edges = np.array([each.edge for each in self.species])
        spectra = np.stack([each.step(energy, self.width) for each in self.species])
        at = {"sample_y": ("sample_y", place, {"units": "mm"}), "sample_x": ("sample_x", place, {"units": "mm"})}
        return xr.Dataset(
            {
                "fraction": (("species", "sample_y", "sample_x"), fractions, {"units": ""}),
                "edge_energy": (("sample_y", "sample_x"), np.tensordot(edges, fractions, 1), {"units": "eV"}),
                "edge_step": (("sample_y", "sample_x"), edge_steps(self.particles, self.film, x, y), {"units": ""}),
                "spectrum": (("species", "energy"), spectra, {"units": ""}),
            },
            coords=at
            | {"species": [each.name for each in self.species], "energy": ("energy", energy, {"units": "eV"})},
            attrs={f"edge_energy_{each.name}": each.edge for each in self.species},
        )


def xanes_scene(seed: int) -> XanesScene:
    """Return a sample of nine particles, placed by `seed`."""
    generator = np.random.default_rng(seed)
    return XanesScene(random_particles(generator, 9, len(SPECIES), HALF))
