"""Finite pools of candidates: of analytic functions, and of scans of simulated beamlines.

The functions' definitions: Surjanovic and Bingham, Virtual Library of Simulation Experiments (www.sfu.ca/~ssurjano).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autoexp import plugins
from autoexp.bench.goals import good_count

SHARE = 0.01
"""Which share of the candidates, the highest, counts as found."""


@dataclass(frozen=True)
class Pool:
    """Candidates by descriptors, each scaled to 0 to 1, shape ``(n, d)``, and their true values, shape ``(n,)``."""

    unit: np.ndarray
    values: np.ndarray

    @property
    def good(self) -> np.ndarray:
        """Indices of the highest share."""
        return np.argsort(-self.values, kind="stable")[: good_count(len(self.values), SHARE)]


def rastrigin(u):
    x = 6.0 * u - 2.5
    return -(10.0 * x.shape[1] + (x**2 - 10.0 * np.cos(2.0 * np.pi * x)).sum(axis=1))


def styblinski(u):
    x = 10.0 * u - 5.0
    return -0.5 * (x**4 - 16.0 * x**2 + 5.0 * x).sum(axis=1)


def michalewicz(u):
    x = np.pi * u
    steep = np.sin(np.arange(1, x.shape[1] + 1) * x**2 / np.pi) ** 20
    return (np.sin(x) * steep).sum(axis=1)


_WELL = np.array(
    [
        [0.05, 0.15],
        [100, 50000],
        [63070, 115600],
        [990, 1110],
        [63.1, 116],
        [700, 820],
        [1120, 1680],
        [9855, 12045],
    ]
)


def borehole(u):
    rw, r, tu, hu, tl, hl, length, kw = (_WELL[:, 0] + u * (_WELL[:, 1] - _WELL[:, 0])).T
    ratio = np.log(r / rw)
    return 2.0 * np.pi * tu * (hu - hl) / (ratio * (1.0 + 2.0 * length * tu / (ratio * rw**2 * kw) + tu / tl))


def friedman(u):
    bent = 10.0 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20.0 * (u[:, 2] - 0.5) ** 2
    return bent + 10.0 * u[:, 3] + 5.0 * u[:, 4]


def _even(function, size: int, width: int) -> Callable[[int], Pool]:
    def make(seed: int) -> Pool:
        unit = np.random.default_rng([seed, 21]).random((size, width))
        return Pool(unit, function(unit))

    return make


def _families(function, size: int, width: int) -> Callable[[int], Pool]:
    """Return candidates in twelve families, as samples of a synthesis are."""

    def make(seed: int) -> Pool:
        rng = np.random.default_rng([seed, 22])
        centres, family = rng.random((12, width)), rng.integers(0, 12, size)
        unit = np.clip(centres[family] + 0.12 * rng.standard_normal((size, width)), 0.0, 1.0)
        return Pool(unit, function(unit))

    return make


def _scan(scene: str, seed: int, dofs: tuple[str, str], side: int):
    """Return noise-free fields of a scan, and its places in the unit cube."""
    beamline = plugins.load("scenes", scene)(seed=seed, speed=None)
    used = {dof.name: dof for dof in beamline.dofs if dof.name in dofs}
    ticks = np.linspace(0.0, 1.0, side)
    unit = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    columns = {name: np.array(used[name].decode(unit[:, [index]])) for index, name in enumerate(dofs)}
    return beamline.scene.expected(columns), unit


def saxs(seed: int) -> Pool:
    """Return quenches, by temperature and time; wanted is what crystallised most at half the ring's height.

    The score is minus the distance from the middle of the ring's range: a narrow, bent valley.
    """
    fields, unit = _scan("saxs", seed, ("temperature", "hold"), 40)
    ring = np.asarray(fields["pattern_ring"], dtype=float)
    return Pool(unit, -np.abs(ring - (ring.min() + ring.max()) / 2.0))


def multimodal(seed: int) -> Pool:
    """Return places on cells described by what fluorescence says there; wanted is crystalline iron."""
    fields, _ = _scan("multimodal", seed, ("sample_x", "sample_y"), 40)
    lines = np.stack([np.asarray(values) for name, values in fields.items() if name.startswith("xrf_")], axis=1)
    low, high = lines.min(axis=0), lines.max(axis=0)
    return Pool((lines - low) / (high - low), np.asarray(fields["pattern_ring"], dtype=float))


POOLS: dict[str, Callable[[int], Pool]] = {
    "Rastrigin, 2 of 1000": _even(rastrigin, 1000, 2),
    "Styblinski-Tang, 3 of 2000": _even(styblinski, 2000, 3),
    "Michalewicz, 5 of 3000, in families": _families(michalewicz, 3000, 5),
    "borehole, 8 of 4000": _even(borehole, 4000, 8),
    "Friedman, 10 of 5000": _even(friedman, 5000, 10),
    "saxs scan, 2 of 1600": saxs,
    "multimodal scan, 9 of 1600": multimodal,
}
"""What, number of descriptors, and number of candidates."""
