"""The Scene of a wafer on which composition, and with it the phase, varies from place to place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.geometry import Poni
from autoexp_simulators.wafer.powder import FloatArray, Phase

if TYPE_CHECKING:
    import xarray as xr

HALF = 40.0
"""The wafer reaches from minus so many mm to plus, along x and y."""

Q_RANGE = (1.0, 4.2)
"""Of the curve, in 1/Å."""

BINS = 400
"""Points of the curve."""

_BAND = 10

PHASES = (Phase("alpha", "I", 3.17), Phase("beta", "F", 4.08), Phase("gamma", "P", 2.55))
"""Three cubic phases whose strongest rings stand apart; they belong to no measured standard."""


def _geometry() -> Poni:
    pixel = 172e-6
    return Poni((512, 512), (pixel, pixel), 0.07, (256.2 * pixel, 255.4 * pixel), wavelength=0.8e-10)


@dataclass(frozen=True)
class WaferScene:
    """A film whose phase follows the composition, and mixes where two are as stable as each other.

    Parameters
    ----------
    corners
        Where on the wafer each phase is at home, x and y in mm, shape ``(phases, 2)``.
    width
        Width in mm of the boundaries between phases.
    bend
        By how many mm boundaries are bent, and half the length in mm after which bends repeat.
    phases
        What the film may be.
    geometry
        The detector.
    glass, air
        Photons per second and pixel of the substrate's halo, and everywhere.
    texture
        Relative swing of a ring's brightness with the azimuth.
    exposure
        Seconds per frame, for which `expected` gives counts.
    """

    corners: tuple[tuple[float, float], ...]
    width: float = 4.0
    bend: tuple[float, float] = (6.0, 35.0)
    phases: tuple[Phase, ...] = PHASES
    geometry: Poni = field(default_factory=_geometry)
    glass: float = 25.0
    air: float = 8.0
    texture: float = 0.0
    exposure: float = 0.2

    @property
    def bands(self) -> tuple[tuple[str, float, float], ...]:
        """Name, low and high in 1/Å of each phase's first ring: ten whole bins of the curve, which are averaged."""
        edges = np.linspace(*Q_RANGE, BINS + 1)
        firsts = [int(np.abs(edges - phase.rings(Q_RANGE[1])[0][0]).argmin()) - _BAND // 2 for phase in self.phases]
        return tuple(
            (phase.name, float(edges[first]), float(edges[first + _BAND]))
            for phase, first in zip(self.phases, firsts, strict=True)
        )

    def fractions(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the fraction of each phase at places in mm, shape ``(phases, ...)``; they add up to 1.

        Between two phases alone the fraction is a logistic function of the distance from where both are as far
        from home, as for a Boltzmann factor of a difference of free energy that changes linearly there.
        """
        size, length = self.bend
        bent_x = x + size * np.sin(np.pi * y / length)
        bent_y = y + size * np.sin(np.pi * x / length)
        away = np.stack([np.hypot(bent_x - u, bent_y - v) for u, v in self.corners])
        weights = np.exp(-(away - away.min(axis=0)) / self.width)
        return np.asarray(weights / weights.sum(axis=0))

    def parts(self, q: FloatArray) -> FloatArray:
        """Return what scatters at q in 1/Å in photons per second and pixel: each phase, then the substrate."""
        halo = self.glass * np.exp(-0.5 * ((np.asarray(q) - 1.6) / 0.35) ** 2) + self.air
        return np.stack([*(phase.curve(q, Q_RANGE[1] + 1.0) for phase in self.phases), halo])

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return mean counts around each phase's first ring, each phase's fraction, and which phase prevails.

        They are ``pattern_alpha``, ``pattern_alpha_fraction`` and their like, and the number ``pattern_phase``.

        Parameters
        ----------
        points
            ``sample_x`` and ``sample_y`` in mm, shape ``(n,)`` each.
        """
        amounts = self._amounts(points)
        shares = amounts[:, : len(self.phases)]
        fields = {f"pattern_{name}": self.exposure * amounts @ means for name, means in self._means.items()}
        fields |= {f"pattern_{phase.name}_fraction": share for phase, share in zip(self.phases, shares.T, strict=True)}
        return fields | {"pattern_phase": shares.argmax(axis=1).astype(float)}

    def patterns(self) -> tuple[tuple[str, FloatArray, bool], ...]:
        """Return name, curve in the bins of the integration, and whether it is a phase, of each of `parts`."""
        edges = np.linspace(*Q_RANGE, BINS + 1)
        within = edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * (np.arange(8) + 0.5) / 8
        curves = self.parts(within.reshape(-1)).reshape(-1, BINS, 8).mean(axis=-1)
        names = [*((phase.name, True) for phase in self.phases), ("substrate", False)]
        return tuple((name, curve, phase) for (name, phase), curve in zip(names, curves, strict=True))

    def _amounts(self, points: Mapping[str, FloatArray]) -> FloatArray:
        x, y = (np.asarray(points[name], dtype=float) for name in ("sample_x", "sample_y"))
        return np.concatenate([self.fractions(x, y), np.ones((1, len(x)))]).T

    @cached_property
    def _means(self) -> Mapping[str, FloatArray]:
        return {name: self.parts(np.linspace(low, high, 501)).mean(axis=-1) for name, low, high in self.bands}

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the expected photons per second of each pixel; see `autoexp_simulators.specs.Photons`."""
        points = {name: positions[name].cpu().numpy() for name in ("sample_x", "sample_y")}
        amounts = torch.from_numpy(self._amounts(points)).to(time.device, torch.float32)
        return (amounts @ self._images.to(time.device)).reshape(-1, *self.geometry.shape)

    @cached_property
    def _images(self) -> Tensor:
        """What each of `parts` sends to each pixel, shape ``(phases + 1, pixels)``."""
        two_theta, chi = self.geometry.directions(*self.geometry.centres())
        q = self.geometry.radial(two_theta, "q_A^-1").numpy().reshape(-1)
        parts = self.parts(q) * self.geometry.solid_angle().numpy().reshape(-1)
        around = chi.numpy().reshape(-1)
        for index in range(len(self.phases)):
            parts[index] *= 1.0 + self.texture * np.cos(2.0 * (around - index * math.pi / 3.0))
        return torch.from_numpy(parts).to(torch.float32)

    def truth(self) -> "xr.Dataset":
        """Return maps of the phases' fractions, of the phase that prevails, and of the boundaries between them.

        A place is on a boundary where no phase has more than three quarters.
        """
        import xarray as xr

        place, q = np.linspace(-HALF, HALF, 101), np.linspace(*Q_RANGE, 1001)
        y, x = np.meshgrid(place, place, indexing="ij")
        fractions = self.fractions(x, y)
        dims = ("phase", "sample_y", "sample_x")
        at = {name: (name, place, {"units": "mm"}) for name in dims[1:]}
        return xr.Dataset(
            {
                "fraction": (dims, fractions, {"units": ""}),
                "label": (dims[1:], fractions.argmax(axis=0), {"units": ""}),
                "boundary": (dims[1:], fractions.max(axis=0) < 0.75, {"units": ""}),
                "intensity": (("phase", "q"), self.parts(q)[:-1], {"units": "photon/s"}),
            },
            coords=at | {"phase": [phase.name for phase in self.phases], "q": ("q", q, {"units": "1/angstrom"})},
        )


def wafer_scene(seed: int) -> WaferScene:
    """Return a wafer whose phases are at home in three directions, turned and moved by `seed`."""
    generator = np.random.default_rng(seed)
    turns = generator.uniform(0.0, 2.0 * np.pi) + np.array([0.0, 2.0, 4.0]) * np.pi / 3.0
    away = generator.uniform(0.5, 0.8, 3) * HALF
    corners = tuple((float(r * np.cos(turn)), float(r * np.sin(turn))) for r, turn in zip(away, turns, strict=True))
    return WaferScene(corners)
