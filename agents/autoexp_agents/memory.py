"""What an agent was told: usable values, and places that gave none."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial import KDTree

from autoexp.acquisition.search import finite
from autoexp.dofs import FloatArray
from autoexp.objectives import Objective
from autoexp.plain import plain as plain
from autoexp.plain import plain_suggestion as plain_suggestion
from autoexp.plain import restored as restored
from autoexp.plain import restored_suggestion as restored_suggestion
from autoexp.records import Observation, Status
from autoexp.space import Space
from autoexp.surrogates.parameters import Data

SAME = 1e-4
"""Unit-cube distance, by coordinate, below which two points are one."""

_BESIDE = 1e-3
"""Unit-cube distance, by coordinate, within which motors come to rest of where they were sent."""

_FEW = 4096
"""How many pairs of points are compared at once."""


class Memory:
    """Everything ingested, by what a model can use of it.

    Parameters
    ----------
    space
        Where was measured.
    objectives
        Whose fields are kept.
    """

    def __init__(self, space: Space, objectives: Sequence[Objective]) -> None:
        self.space = space
        self.names = tuple(dict.fromkeys(objective.name for objective in objectives))
        self.observations: list[Observation] = []
        self._taken: list[FloatArray] = []
        self._units: list[FloatArray] = []
        self._stacked = self._stacked_taken = np.empty((0, space.width))
        self._values: dict[str, list[float]] = {name: [] for name in self.names}
        self._variances: dict[str, list[float]] = {name: [] for name in self.names}
        self._lost: list[tuple[FloatArray, bool]] = []

    def __len__(self) -> int:
        """Return the number of usable observations."""
        return len(self._units)

    def add(self, observations: Sequence[Observation]) -> None:
        """Enter observations; one without a usable value for every objective marks its place only.

        A value with an infinite sigma says nothing and counts as suspect.
        """
        for observation in observations:
            self.observations.append(observation)
            unit = self._place(observation)
            if unit is None:
                continue
            asked = observation.suggestion_id is not None
            self._taken.append((self.candidates if asked else self.standing)(unit[None, :])[0])
            values = [float(observation.values.get(name, math.nan)) for name in self.names]
            variances = [variance_of(observation.sigmas.get(name, math.nan)) for name in self.names]
            vague = math.inf in variances
            if observation.status is not Status.OK or vague or not all(map(math.isfinite, values)):
                self._lost.append((unit, not (vague or observation.status is Status.SUSPECT)))
                continue
            self._units.append(unit)
            for name, value, variance in zip(self.names, values, variances, strict=True):
                self._values[name].append(value)
                self._variances[name].append(variance)

    def _place(self, observation: Observation) -> FloatArray | None:
        try:
            unit = self.space.to_unit([observation.point])[0]
        except (KeyError, TypeError, ValueError):
            return None
        return unit if np.isfinite(unit).all() else None

    @functools.cached_property
    def _tree(self) -> KDTree | None:
        limited = finite(self.space)
        return None if limited.pool is None else KDTree(limited.to_unit(limited.pool))

    @property
    def same(self) -> float:
        """Unit-cube distance, by coordinate, up to which two points are one: none between candidates."""
        return SAME if self._tree is None else 0.0

    def candidates(self, units: FloatArray) -> FloatArray:
        """Return the candidates of a finite Space nearest to ``(m, d)`` points; of any other the points themselves."""
        if self._tree is None or not len(units):
            return units
        return np.asarray(self._tree.data[self._tree.query(np.clip(units, -1.0, 2.0))[1]])

    def standing(self, units: FloatArray) -> FloatArray:
        """Return the candidates of a finite Space beside ``(m, d)`` points, or the points where there is none."""
        found = self.candidates(units)
        return np.where(np.abs(found - units).max(axis=1, keepdims=True) <= _BESIDE, found, units)

    @property
    def taken(self) -> FloatArray:
        """What the observations used up, usable or not, shape ``(k, d)``: candidates, where the Space is finite."""
        self._stacked_taken = _stack(self._stacked_taken, self._taken)
        return self._stacked_taken

    @property
    def units(self) -> FloatArray:
        """Read-back points of the usable observations in the unit cube, shape ``(n, d)``."""
        self._stacked = _stack(self._stacked, self._units)
        return self._stacked

    def data(self, name: str, start: int = 0) -> Data:
        """Return the usable values of one field, from the `start`-th on."""
        return Data(self.units[start:], np.array(self._values[name][start:]), np.array(self._variances[name][start:]))

    def all_data(self, start: int = 0) -> dict[str, Data]:
        """Return the usable values of every field, from the `start`-th on."""
        return {name: self.data(name, start) for name in self.names}

    def lost(self, *, failed: bool) -> FloatArray:
        """Return the places of failed (or of suspect) points that gave no value later, shape ``(k, d)``."""
        places = [place for place, was_failed in self._lost if was_failed is failed]
        if not places:
            return np.empty((0, self.space.width))
        units: FloatArray = np.array(places)
        return np.asarray(units[~near(units, self.units)])

    def state(self) -> list[dict[str, Any]]:
        """Return the observations as plain data."""
        return [plain(observation) for observation in self.observations]


def variance_of(sigma: float) -> float:
    """Return the square of a sigma; zero where it is not known, infinite where it is too large to be squared."""
    return float(sigma) * float(sigma) if sigma > 0 else 0.0


def _stack(stacked: FloatArray, rows: Sequence[FloatArray]) -> FloatArray:
    return stacked if len(stacked) == len(rows) else np.concatenate([stacked, rows[len(stacked) :]])


def near(points: FloatArray, others: FloatArray, distance: float = SAME) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which of ``(m, d)`` points lie within `distance` of one of ``(n, d)`` others, by coordinate."""
    if 0 < len(points) * len(others) <= _FEW:
        each = (np.abs(points[:, axis, None] - others[:, axis]) <= distance for axis in range(points.shape[1]))
        return np.asarray(functools.reduce(np.logical_and, each).any(axis=1))
    if len(points) < len(others):
        return np.array([len(_beside(others, point, distance)) > 0 for point in points], dtype=bool)
    close = np.zeros(len(points), dtype=bool)
    for other in others:
        close[_beside(points, other, distance)] = True
    return close


def _beside(points: FloatArray, other: FloatArray, distance: float) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the indices of ``(m, d)`` points within `distance` of another, coordinate after coordinate."""
    found: np.ndarray[Any, np.dtype[np.intp]] = (np.abs(points[:, 0] - other[0]) <= distance).nonzero()[0]
    for axis in range(1, points.shape[1]):
        if not len(found):
            break
        found = found[np.abs(points[found, axis] - other[axis]) <= distance]
    return found
