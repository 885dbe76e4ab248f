"""Maps to be measured: of the simulated beamlines, and some made up from seeds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from autoexp import Dof, Space, plugins

SIDE = 22
"""Points along each side of the fine grid that stands for everything there is to measure."""

NOISE = 0.02
"""Sigma of a value, as a share of the range of the true ones; the agents are told it."""

LOUD = 0.15
"""The same, of noisy fields."""

STAGE = {"unit": "mm", "speed": 5.0, "acceleration": 0.1, "settle": 0.05}


@dataclass(frozen=True)
class Field:
    """A field over two Dofs.

    Parameters
    ----------
    name
        Of the field.
    space
        Where, with what moves cost.
    at
        Unit-cube places, shape ``(m, 2)``, to true values, shape ``(m,)``.
    exposure
        Seconds for each value.
    noise
        Sigma of a value, as a share of the range of the true ones.
    """

    name: str
    space: Space
    at: Callable[[np.ndarray], np.ndarray]
    exposure: float
    noise: float = NOISE
    truth: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "truth", self.at(grid()))

    @property
    def span(self) -> float:
        """Range of the true values."""
        return float(np.ptp(self.truth)) or 1.0

    @property
    def level(self) -> float:
        """Middle of the range."""
        return float(self.truth.min() + self.truth.max()) / 2.0


def grid() -> np.ndarray:
    """Return the places of the fine grid, shape ``(SIDE**2, 2)``."""
    ticks = np.linspace(0.0, 1.0, SIDE)
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)


def _stage() -> Space:
    return Space([Dof("x", 0, 10, **STAGE), Dof("y", 0, 10, **STAGE)])


def smooth(seed: int) -> Field:
    """Return a sum of waves: nearly a Gaussian process of length scale 0.15 (Rahimi and Recht, 2007)."""
    rng = np.random.default_rng([seed, 11])
    waves, phases = rng.normal(0.0, 1.0 / 0.15, (2, 200)), rng.uniform(0.0, 2.0 * np.pi, 200)
    return Field("smooth", _stage(), lambda u: np.cos(u @ waves + phases).sum(axis=1), 0.5)


def noisy(seed: int) -> Field:
    """Return a sum of waves, with much noise."""
    return replace(smooth(seed), name="noisy", noise=LOUD)


def stripes(seed: int) -> Field:
    """Return a sum of waves that are six times longer along one Dof than along the other."""
    rng = np.random.default_rng([seed, 14])
    lengths = np.array([[0.5], [0.08]])[:: 1 if seed % 2 else -1]
    waves, phases = rng.normal(0.0, 1.0, (2, 200)) / lengths, rng.uniform(0.0, 2.0 * np.pi, 200)
    return Field("stripes", _stage(), lambda u: np.cos(u @ waves + phases).sum(axis=1), 0.5)


def step(seed: int) -> Field:
    """Return two plains with a gentle slope, and a bent front between them where the value jumps."""
    rng = np.random.default_rng([seed, 12])
    turn, shift = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-0.15, 0.15)
    bend, phase, slope = rng.uniform(0.03, 0.1), rng.uniform(0.0, 2.0 * np.pi), rng.normal(0.0, 0.15, 2)

    def at(u: np.ndarray) -> np.ndarray:
        along, across = (u - 0.5) @ [np.cos(turn), np.sin(turn)], (u - 0.5) @ [-np.sin(turn), np.cos(turn)]
        return (across > shift + bend * np.sin(8.0 * along + phase)) + (u - 0.5) @ slope

    return Field("step", _stage(), at, 0.5)


def grains(seed: int) -> Field:
    """Return three to six narrow grains on a flat ground."""
    rng = np.random.default_rng([seed, 13])
    count = int(rng.integers(3, 7))
    centres, sizes = rng.uniform(0.1, 0.9, (count, 2)), rng.uniform(0.03, 0.06, count)
    heights = rng.uniform(0.5, 1.5, count)

    def at(u: np.ndarray) -> np.ndarray:
        away = np.square(u[:, None, :] - centres).sum(axis=2) / np.square(sizes)
        return (heights * np.exp(-0.5 * away)).sum(axis=1)

    return Field("grains", _stage(), at, 0.5)


def cells(seed: int) -> Field:
    """Return two to four round cells with sharp borders on a flat ground, each of its own height."""
    rng = np.random.default_rng([seed, 15])
    count = int(rng.integers(2, 5))
    centres, radii = rng.uniform(0.15, 0.85, (count, 2)), rng.uniform(0.08, 0.16, count)
    heights = rng.uniform(0.6, 1.4, count)

    def at(u: np.ndarray) -> np.ndarray:
        away = np.sqrt(np.square(u[:, None, :] - centres).sum(axis=2))
        return (heights / (1.0 + np.exp((away - radii) / 0.01))).max(axis=1)

    return Field("cells", _stage(), at, 0.5)


def regions(seed: int) -> Field:
    """Return five classes: the nearest of five places, seen through a bent glass."""
    rng = np.random.default_rng([seed, 16])
    places, phase = rng.uniform(0.1, 0.9, (5, 2)), rng.uniform(0.0, 2.0 * np.pi, 2)

    def at(u: np.ndarray) -> np.ndarray:
        seen = u + 0.07 * np.sin(6.0 * u[:, ::-1] + phase)
        return np.square(seen[:, None, :] - places).sum(axis=2).argmin(axis=1).astype(float)

    return Field("regions", _stage(), at, 0.5)


def _of_scene(scene: str, wanted: str, dofs: tuple[str, str], exposure: float) -> Callable[[int], Field]:
    def make(seed: int) -> Field:
        beamline = plugins.load("scenes", scene)(seed=seed, speed=None)
        space = Space([dof for dof in beamline.dofs if dof.name in dofs])

        def at(u: np.ndarray) -> np.ndarray:
            return np.asarray(beamline.scene.expected(space.columns(space.from_unit(u)))[wanted], dtype=float)

        return Field(scene, space, at, exposure)

    return make


_PLACE = ("sample_x", "sample_y")

FIELDS: dict[str, Callable[[int], Field]] = {
    "smooth": smooth,
    "noisy": noisy,
    "stripes": stripes,
    "step": step,
    "cells": cells,
    "grains": grains,
    "xrf": _of_scene("xrf", "xrf_Fe", _PLACE, 0.2),
    "wafer": _of_scene("wafer", "pattern_alpha", _PLACE, 0.2),
    "saxs": _of_scene("saxs", "pattern_ring", ("temperature", "hold"), 0.2),
    "multimodal": _of_scene("multimodal", "pattern_ring", _PLACE, 2.0),
}

PHASES: dict[str, Callable[[int], Field]] = {
    "regions": regions,
    "wafer": _of_scene("wafer", "pattern_phase", _PLACE, 0.2),
}
