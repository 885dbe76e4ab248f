"""The Scene of a scattering beamline: quenched droplets that crystallise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.geometry import Poni
from autoexp_simulators.saxs.kinetics import Crystallisation
from autoexp_simulators.saxs.physics import FloatArray, form_factor, halo, hard_spheres, ring

if TYPE_CHECKING:
    import xarray as xr

TEMPERATURE_RANGE = (300.0, 380.0)
"""Of the controller, in K."""

HOLD_RANGE = (0.0, 600.0)
"""Seconds after the quench."""

Q_RANGE = (0.05, 1.65)
"""Between beam stop and edge of the detector, in 1/Å."""

BINS = 160
"""Points of the curve over `Q_RANGE`: a little more than a pixel each."""

BANDS = (("ring", 1.46, 1.54), ("halo", 1.2, 1.3), ("low_q", 0.05, 0.15))
"""Name, low and high in 1/Å of what `SaxsScene.expected` averages."""


def _geometry() -> Poni:
    pixel = 172e-6
    return Poni((512, 512), (pixel, pixel), 0.15, (256.3 * pixel, 255.1 * pixel), wavelength=1e-10)


@dataclass(frozen=True)
class SaxsScene:
    """Droplets in a liquid, each part glass and part crystal; a fresh one is quenched for each point.

    Parameters
    ----------
    crystallisation
        How much is crystal.
    geometry
        The detector.
    radius, spread
        Mean radius of the droplets in Å, and its relative standard deviation.
    fraction
        Of the volume that is droplets.
    spacing, size
        Of lattice planes, and of crystals, in Å.
    contrast
        By what share a crystal's contrast to the liquid is larger than a glass's.
    droplets, crystal, glass, liquid
        Photons per second and pixel of normal incidence: of glassy droplets without neighbours towards q = 0; at the
        ring; at the halo of the glass; of the liquid everywhere.
    exposure
        Seconds per frame, for which `expected` gives counts.
    """

    crystallisation: Crystallisation = field(default_factory=Crystallisation)
    geometry: Poni = field(default_factory=_geometry)
    radius: float = 25.0
    spread: float = 0.12
    fraction: float = 0.25
    spacing: float = 4.19
    size: float = 250.0
    contrast: float = 0.2
    droplets: float = 2000.0
    crystal: float = 300.0
    glass: float = 40.0
    liquid: float = 5.0
    exposure: float = 0.2

    def parts(self, q: FloatArray) -> FloatArray:
        """Return what scatters at q in 1/Å, photons per second, shape ``(4, ...)``: droplets, crystal, glass, liquid.

        Droplets are ``P(q) S(q)``: neighbours are taken as far apart as if all droplets were of the mean size.
        """
        spheres = form_factor(q, self.radius, self.spread) * hard_spheres(q, self.radius, self.fraction)
        return np.stack(
            [
                self.droplets * spheres,
                self.crystal * ring(q, self.spacing, self.size),
                self.glass * halo(q, 1.4, 0.17),
                np.full(np.shape(q), self.liquid),
            ]
        )

    def amounts(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return by how much each of `parts` is to be multiplied at points as for `expected`, shape ``(n, 4)``."""
        order = self.crystallisation.order(
            np.asarray(points["temperature"], dtype=float), np.asarray(points["hold"], dtype=float)
        )
        return np.stack([(1.0 + self.contrast * order) ** 2, order, 1.0 - order, np.ones_like(order)], axis=-1)

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``pattern_ring``, ``pattern_halo`` and ``pattern_low_q``: mean counts of the curve in `BANDS`.

        Parameters
        ----------
        points
            ``temperature`` in K and ``hold`` in seconds after the quench, shape ``(n,)`` each.
        """
        amounts = self.amounts(points) * self.exposure
        return {f"pattern_{name}": amounts @ means for name, means in self._means.items()}

    @cached_property
    def _means(self) -> Mapping[str, FloatArray]:
        return {name: self._mean(low, high) for name, low, high in BANDS}

    def _mean(self, low: float, high: float) -> FloatArray:
        """Return the mean of `parts` over the points of the curve from `low` to `high`; each is that of an annulus."""
        width = (Q_RANGE[1] - Q_RANGE[0]) / BINS
        q = low + width * (np.arange(round((high - low) / width))[:, None] + (np.arange(21) + 0.5) / 21)
        return np.asarray(((self.parts(q) * q).sum(axis=-1) / q.sum(axis=-1)).mean(axis=-1))

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the expected photons per second of each pixel; see `autoexp_simulators.specs.Photons`."""
        points = {name: positions[name].cpu().numpy() for name in ("temperature", "hold")}
        amounts = torch.from_numpy(self.amounts(points)).to(time.device, torch.float32)
        return (amounts @ self._images.to(time.device)).reshape(-1, *self.geometry.shape)

    @cached_property
    def _images(self) -> Tensor:
        """What each of `parts` sends to each pixel, shape ``(4, pixels)``; nothing behind the beam stop."""
        two_theta, _ = self.geometry.directions(*self.geometry.centres())
        q = self.geometry.radial(two_theta, "q_A^-1").numpy().reshape(-1)
        seen = self.geometry.solid_angle().numpy().reshape(-1) * (q > 0.9 * Q_RANGE[0])
        table = np.linspace(q.min(), q.max(), 8001)
        parts = np.stack([np.interp(q, table, part) for part in self.parts(table)])
        return torch.from_numpy(parts * seen).to(torch.float32)

    def truth(self) -> "xr.Dataset":
        """Return the order parameter by temperature and time, in equilibrium, and the curves of glass and crystal."""
        import xarray as xr

        temperature, hold = np.linspace(*TEMPERATURE_RANGE, 161), np.linspace(*HOLD_RANGE, 121)
        q = np.linspace(*Q_RANGE, 801)
        order = self.crystallisation.order(temperature[:, None], hold[None, :])
        pure = np.array([[1.0, 0.0, 1.0, 1.0], [(1.0 + self.contrast) ** 2, 1.0, 0.0, 1.0]]) @ self.parts(q)
        return xr.Dataset(
            {
                "order_parameter": (("temperature", "hold"), order, {"units": ""}),
                "equilibrium": (("temperature",), self.crystallisation.equilibrium(temperature), {"units": ""}),
                "rate": (("temperature",), self.crystallisation.rates(temperature), {"units": "1/s"}),
                "intensity": (("state", "q"), pure, {"units": "photon/s"}),
            },
            coords={
                "temperature": ("temperature", temperature, {"units": "K"}),
                "hold": ("hold", hold, {"units": "s"}),
                "q": ("q", q, {"units": "1/angstrom"}),
                "state": ["glass", "crystal"],
            },
            attrs={"transition_temperature": self.crystallisation.transition},
        )


def saxs_scene(seed: int) -> SaxsScene:
    """Return droplets whose transition, rate and size vary with `seed`, by some K and percent."""
    generator = np.random.default_rng(seed)
    kinetics = Crystallisation(
        transition=float(generator.uniform(344.0, 358.0)),
        width=float(generator.uniform(1.0, 2.5)),
        fastest=float(generator.uniform(320.0, 330.0)),
        rate=float(generator.uniform(0.015, 0.03)),
    )
    return SaxsScene(kinetics, radius=float(generator.uniform(22.0, 28.0)))
