"""Who draws maps: agents of this package, designs, and gpCAM where it is installed."""

import warnings
from collections.abc import Sequence

import numpy as np
from fields import SIDE, Field

from autoexp import Classify, Contour, Explore, Observation, Space
from autoexp.records import Point
from autoexp_agents import BayesianAgent, MapAgent, PhaseAgent, RoutedAgent, SobolAgent

FIELD = "f"
OFFSETS = {"ends": None, "middle": (0.5, 0.5), "aside": (0.25, 0.75)}
"""Where in its cell the raster measures; ``ends`` goes from end to end."""


class OfPackage:
    """An agent of this package, asked for one point after another."""

    def __init__(self, agent) -> None:
        self._agent = agent

    def ask(self) -> Point:
        [suggestion] = self._agent.suggest(1, [])
        return suggestion.point

    def tell(self, point: Point, value: float, sigma: float) -> None:
        self._agent.ingest([Observation(point, {FIELD: value}, {FIELD: sigma})])

    def map(self) -> np.ndarray | None:
        """Return what it itself believes on the fine grid."""
        found = self._agent.report(per_dof=SIDE)
        names = [dof.name for dof in self._agent.space.dofs]
        return found[f"{FIELD}_mean"].transpose(*names).values.ravel()


class Gpcam:
    """gpCAM's optimizer with its default acquisition, variance; trained at each doubling and half-way between."""

    _TRAINED_AT = (8, 12, 16, 24, 32, 48, 64, 96, 128)
    _OPENING = 5

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._gp = space, None
        self._opening = space.sobol(self._OPENING, seed=seed)
        self._x, self._y, self._v = [], [], []
        np.random.seed(seed)  # noqa: NPY002 - gpCAM draws from the global generator

    def ask(self) -> Point:
        if len(self._y) < self._OPENING:
            return self._opening[len(self._y)]
        found = self._gp.ask(np.array([[0.0, 1.0]] * 2), acquisition_function="variance")["x"]
        return self._space.from_unit(np.clip(found, 0.0, 1.0))[0]

    def tell(self, point: Point, value: float, sigma: float) -> None:
        from gpcam import GPOptimizer

        self._x.append(self._space.to_unit([point])[0])
        self._y.append(value)
        self._v.append(sigma**2)
        if len(self._y) < self._OPENING:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._gp is None:
                x, y, v = (np.array(each) for each in (self._x, self._y, self._v))
                self._gp = GPOptimizer(x, y, noise_variances=v)
                self._gp.train()
                return
            self._gp.tell(self._x[-1][None, :], np.array([value]), noise_variances=np.array([sigma**2]))
            if len(self._y) in self._TRAINED_AT:
                self._gp.train()

    def map(self) -> np.ndarray | None:
        from fields import grid

        return np.asarray(self._gp.posterior_mean(grid())["m(x)"]).ravel()


class Raster:
    """Rows back and forth, the first Dof slow; a raster is made for its number of points."""

    def __init__(self, space: Space, side: int, offset: Sequence[float] | None) -> None:
        ticks = np.arange(side)
        axes = [(ticks + part) / side for part in offset] if offset else [ticks / (side - 1)] * 2
        unit = np.array([(x, y) for row, x in enumerate(axes[0]) for y in axes[1][:: 1 if row % 2 == 0 else -1]])
        self._points = iter(space.from_unit(unit))

    def ask(self) -> Point:
        return next(self._points)

    def tell(self, point: Point, value: float, sigma: float) -> None:
        """Learn nothing."""

    def map(self) -> np.ndarray | None:
        """Return None: it believes nothing."""
        return None


def _map(field: Field, seed: int, **settings):
    return MapAgent(field.space, Explore(FIELD), seed=seed, **settings)


MAPPERS = {
    "MapAgent": lambda field, seed: OfPackage(_map(field, seed)),
    "MapAgent, edges=1": lambda field, seed: OfPackage(_map(field, seed, edges=1.0)),
    "RoutedAgent, MapAgent, 8": lambda field, seed: OfPackage(RoutedAgent(_map(field, seed), points=8)),
    "RoutedAgent, MapAgent, 24": lambda field, seed: OfPackage(RoutedAgent(_map(field, seed), points=24)),
    "BayesianAgent, Explore": lambda field, seed: OfPackage(BayesianAgent(field.space, Explore(FIELD), seed=seed)),
    "SobolAgent": lambda field, seed: OfPackage(SobolAgent(field.space, Explore(FIELD), seed=seed)),
    "gpCAM, variance": lambda field, seed: Gpcam(field.space, seed),
}
TRACERS = {
    "BayesianAgent, Contour": lambda field, seed: OfPackage(
        BayesianAgent(field.space, Contour(FIELD, field.level), seed=seed)
    ),
}
SORTERS = {
    "PhaseAgent": lambda field, seed: OfPackage(PhaseAgent(field.space, Classify(FIELD), seed=seed)),
    "SobolAgent": lambda field, seed: OfPackage(SobolAgent(field.space, Classify(FIELD), seed=seed)),
}
