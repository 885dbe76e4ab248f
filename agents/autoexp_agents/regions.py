"""Regions first, detail later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Point, Source, Suggestion
from autoexp.space import Space
from autoexp_agents.ahead import rows_of
from autoexp_agents.belief import Belief, learn, lengths_of
from autoexp_agents.designed import Designed, Pass
from autoexp_agents.memory import near
from autoexp_agents.report import slices
from autoexp_agents.segments import grown, otsu, segments, snake

if TYPE_CHECKING:
    import xarray as xr

_LARGEST = 250_000
_NEAR = 0.25


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the coarse map, chosen for a fine scan.

    Parameters
    ----------
    low, high
        Corners of its bounding box, in the Dofs' units.
    excess
        By what its values exceed the level, summed over the fine grid, in the field's unit.
    points
        Points of its fine scan, in order.
    """

    low: Point
    high: Point
    excess: float
    points: tuple[Point, ...]


class RegionsAgent(Designed):
    """Maps coarsely, finds the regions that stand out, and scans the most important of them finely.

    The coarse map is interpolated by a Gaussian process and parted at a level (by Otsu's method, unless one
    is given) into connected regions. They are ranked by what they exceed the level by,
    summed over their area, and scanned finely in that order, with a margin around each. So the beam
    time goes where the sample is, as in ROI-Finder [1]_.

    Parameters
    ----------
    space
        Dofs of numbers; one to three.
    objectives
        One Explore.
    coarse
        Points along each Dof of the coarse map.
    fine
        How many times closer the points of the fine scans are.
    regions
        How many regions are scanned at most.
    level
        What a region must exceed, in the field's unit; by default Otsu's of the coarse map.
    seed
        Of the points measured where nothing stands out.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    SpaceError
        If the Space is a pool, has words or more than three Dofs, or the fine grid has more than 250,000 points.
    ObjectiveError
        If the objective is another, or `coarse`, `fine` or `regions` is too small.

    References
    ----------
    .. [1] M. A. Z. Chowdhury et al., J. Synchrotron Rad. 29, 1495 (2022).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        coarse: int = 10,
        fine: int = 4,
        regions: int = 3,
        level: float | None = None,
        seed: int = 0,
        kernel: str = "matern52",
    ) -> None:
        wanted = as_objectives(objectives)
        if len(wanted) != 1 or not isinstance(wanted[0], Explore):
            raise ObjectiveError(f"regions need one Explore, got {wanted!r}")
        if space.pool is not None or len(space.dofs) > 3 or any(dof.categorical for dof in space.dofs):
            raise SpaceError(f"regions need one to three Dofs of numbers and no pool, got {space!r}")
        for name, value, fewest in (("coarse", coarse, 2), ("fine", fine, 1), ("regions", regions, 1)):
            if value < fewest:
                raise ObjectiveError(f"{name} must be {fewest} or more, got {value}")
        self._ticks = (coarse - 1) * fine + 1
        if self._ticks ** len(space.dofs) > _LARGEST:
            raise SpaceError(f"the fine grid must have 250,000 points at most, got {self._ticks} along each Dof")
        self._name, self._coarse, self._fine = wanted[0].name, coarse, fine
        self._most, self._level = regions, level
        first = Pass(space.grid(coarse), "coarse map")
        self._kernel = kernel
        super().__init__(space, wanted, initial=first, seed=seed, candidates=256)

    def _forget(self) -> None:
        super()._forget()
        self._regions: tuple[Region, ...] | None = None
        self._scans: list[Pass] = []
        self._planned = 0
        self._parted: float | None = None

    def regions(self) -> tuple[Region, ...]:
        """Return the regions that are scanned finely, in order; found once, after the coarse map.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        if self._regions is None:
            self._plan(len(self._memory))
        assert self._regions is not None
        return self._regions

    def _plan(self, count: int) -> None:
        """Find the regions in the first `count` usable observations."""
        self._planned, self._regions = count, self._found(self._learnt(count))
        self._scans = [
            Pass(region.points, f"fine scan of region {number}", Source.AGENT, apart=_NEAR / (self._ticks - 1))
            for number, region in enumerate(self._regions, start=1)
        ]

    def _learnt(self, count: int) -> Belief:
        """Return a model of the first `count` usable observations."""
        known, lengths = rows_of(self._memory, range(count)), lengths_of(self._space)
        return learn(known, {}, seed=self._seed, kernel=self._kernel, lengths=lengths)

    def _found(self, belief: Belief) -> tuple[Region, ...]:
        shape = (self._ticks,) * len(self._space.dofs)
        points = self._space.from_unit(self._unit(np.indices(shape).reshape(len(shape), -1).T))
        mean, _ = belief.models[self._name].posterior(self._space.to_unit(points))
        values = np.where(self._space.allowed(points), mean, np.nan).reshape(shape)
        level = otsu(values[np.isfinite(values)]) if self._level is None else self._level
        self._parted = level
        found = segments(values, level)[: self._most]
        return tuple(self._region(grown(each, shape, self._fine // 2), each.excess) for each in found)

    def _unit(self, cells: FloatArray | Any) -> FloatArray:
        return np.asarray(cells, dtype=float) / (self._ticks - 1)

    def _region(self, cells: Any, excess: float) -> Region:
        low, high = self._space.from_unit(self._unit(np.stack([cells.min(axis=0), cells.max(axis=0)])))
        points = self._space.from_unit(self._unit(snake(cells)))
        allowed = self._space.allowed(points)
        kept = dict.fromkeys(
            tuple(point[name] for name in self._space.names)
            for point, keep in zip(points, allowed, strict=True)
            if keep
        )
        return Region(low, high, excess, tuple(dict(zip(self._space.names, row, strict=True)) for row in kept))

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if len(self._memory):
            self.regions()
        for scan in self._scans:
            found = scan.next(f"{self._given:04d}", self._memory, pending)
            if found is not None:
                return found
        return self._spare(pending)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean and sigma around the highest value, and how much the mean exceeds the level, once that is known.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._learnt(len(self._memory))
        model = belief.models[self._name]
        highest = self._memory.units[int(np.argmax(model.fitted()))]
        through = self._space.from_unit(highest[None, :])[0]
        level = np.nan if self._parted is None else self._parted
        return slices(
            belief, self._space, through, lambda unit: model.posterior(unit)[0] - level, "excess", per_dof
        ).assign_attrs(level=level)

    def finished(self) -> str:
        """Return why nothing more needs measuring: every chosen region is scanned."""
        if self._regions is None or not all(scan.over(self._memory) for scan in self._scans):
            return ""
        known, nearest = self._memory.taken, 0.5 / (self._ticks - 1)
        done = all(near(self._space.to_unit(region.points), known, nearest).all() for region in self._regions)
        return f"{len(self._regions)} regions are scanned" if done else ""

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            "coarse": self._coarse,
            "fine": self._fine,
            "regions": self._most,
            "level": self._level,
            "seed": self._seed,
            "kernel": self._kernel,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations, after how many of them the regions were found, and the positions in their scans."""
        found = self._regions is not None
        scanned = [scan.drawn for scan in self._scans]
        return {**super().state(), "planned": self._planned if found else None, "scanned": scanned}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        super().restore(state)
        if state["planned"] is not None:
            self._plan(int(state["planned"]))
            for scan, drawn in zip(self._scans, state["scanned"], strict=True):
                scan.drawn = int(drawn)
