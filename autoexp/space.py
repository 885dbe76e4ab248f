"""Where an agent may measure: Dofs with constraints, or a finite pool of candidates."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoexp.constraints import Columns, Constraint, LinearConstraint
from autoexp.dofs import Dof, FloatArray
from autoexp.errors import PointError, SpaceError, listed
from autoexp.records import Point, Value

_PROBES = 4096
_ROUNDS = 64


class Space:
    """Dofs and constraints, or a finite pool of candidate points; to and from the unit cube.

    Parameters
    ----------
    dofs
        The degrees of freedom, in the order of the unit cube's coordinates.
    constraints
        Linear constraints, or callables that take a mapping of Dof name to an array of ``n``
        positions and return ``n`` truth values.
    pool
        The only points there are: Dof name to positions, all of one length.

    Raises
    ------
    SpaceError
        If names repeat, a constraint names no Dof, the pool holds a point outside the Dofs, or
        nothing is left to measure.

    Examples
    --------
    >>> space = Space([Dof("x", -1, 1, unit="mm"), Dof("n", 1, 4, integer=True)])
    >>> space.to_unit([{"x": 0.0, "n": 4}])
    array([[0.5, 1. ]])
    """

    def __init__(
        self,
        dofs: Iterable[Dof],
        constraints: Iterable[Constraint] = (),
        pool: Mapping[str, Sequence[Value] | NDArray[Any]] | None = None,
    ) -> None:
        self.dofs = tuple(dofs)
        self.constraints = tuple(constraints)
        self._check_names()
        self.pool = None if pool is None else self._check_pool(pool)
        if self.constraints and self.pool is None:
            self.sobol(1, seed=0)

    def _check_names(self) -> None:
        if not self.dofs:
            raise SpaceError("a Space needs at least one Dof, got none")
        names = self.names
        for name in names:
            if names.count(name) > 1:
                raise SpaceError(f"each Dof needs its own name, got {name!r} {names.count(name)} times")
        for constraint in self.constraints:
            if isinstance(constraint, LinearConstraint):
                unknown = [name for name in constraint.coefficients if name not in names]
                if unknown:
                    raise SpaceError(f"a constraint must name Dofs ({listed(names)}), got {listed(unknown)}")
                words = [dof.name for dof in self.dofs if dof.categorical and dof.name in constraint.coefficients]
                if words:
                    raise SpaceError(f"a linear constraint needs numbers, got words for {listed(words)}")

    def _check_pool(self, pool: Mapping[str, Sequence[Value] | NDArray[Any]]) -> tuple[Point, ...]:
        if set(pool) != set(self.names):
            raise SpaceError(f"a pool must give {listed(self.names)}, got {listed(pool)}")
        lengths = {name: len(column) for name, column in pool.items()}
        if len(set(lengths.values())) != 1:
            raise SpaceError(f"the columns of a pool must be of one length, got {lengths}")
        if not any(lengths.values()):
            raise SpaceError("a pool needs at least one point, got none")
        rows = zip(*(pool[name] for name in self.names), strict=True)
        try:
            points = [{dof.name: dof.check(value) for dof, value in zip(self.dofs, row, strict=True)} for row in rows]
        except PointError as error:
            raise SpaceError(f"every point of a pool must lie in its Dofs: {error}") from error
        allowed = self.allowed(points)
        kept = tuple(point for point, keep in zip(points, allowed, strict=True) if keep)
        if not kept:
            raise SpaceError(f"the constraints must leave a point of the pool, got none of {len(points)}")
        return kept

    def __repr__(self) -> str:
        size = "" if self.pool is None else f", pool of {len(self.pool)}"
        return f"Space({', '.join(self.names)}{size})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the Dofs, in order."""
        return tuple(dof.name for dof in self.dofs)

    @property
    def width(self) -> int:
        """Number of unit-cube coordinates."""
        return sum(dof.width for dof in self.dofs)

    def columns(self, points: Sequence[Point]) -> Columns:
        """Turn ``n`` points into one array of ``n`` positions for each Dof."""
        return {dof.name: np.array([point[dof.name] for point in points]) for dof in self.dofs}

    def to_unit(self, points: Sequence[Point]) -> FloatArray:
        """Map ``n`` points to the unit cube, shape ``(n, width)``."""
        if not points:
            return np.empty((0, self.width))
        columns = self.columns(points)
        return np.hstack([dof.encode(columns[dof.name]) for dof in self.dofs])

    def from_unit(self, unit: FloatArray) -> list[Point]:
        """Map unit-cube coordinates, shape ``(n, width)``, to the nearest points of the Dofs.

        Constraints are not applied; a pool gives its nearest candidates.

        Raises
        ------
        SpaceError
            If there are not `width` finite coordinates for each point.
        """
        unit = np.atleast_2d(np.asarray(unit, dtype=float))
        if unit.shape[1] != self.width:
            raise SpaceError(f"unit-cube points must have {self.width} coordinates, got {unit.shape[1]}")
        if not np.isfinite(unit).all():
            raise SpaceError(f"unit-cube points must be finite, got {unit[~np.isfinite(unit).all(axis=1)][0]}")
        if self.pool is not None:
            candidates = self.to_unit(self.pool)
            return [self.pool[int(np.square(candidates - row).sum(axis=1).argmin())] for row in unit]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*self._decoded(unit), strict=True)]

    def positions(self, unit: FloatArray) -> Columns:
        """Map unit-cube coordinates, shape ``(n, width)``, to one array of ``n`` positions for each Dof."""
        return {name: np.array(column) for name, column in zip(self.names, self._decoded(unit), strict=True)}

    def _decoded(self, unit: FloatArray) -> list[list[Value]]:
        edges = list(accumulate((dof.width for dof in self.dofs), initial=0))
        return [dof.decode(unit[:, low:high]) for dof, (low, high) in zip(self.dofs, pairwise(edges), strict=True)]

    def allowed(self, points: Sequence[Point]) -> NDArray[np.bool_]:
        """Return which of ``n`` points the constraints allow."""
        allowed = np.ones(len(points), dtype=bool)
        if not points:
            return allowed
        columns = self.columns(points)
        for constraint in self.constraints:
            verdict = np.asarray(constraint(columns))
            if verdict.shape != (len(points),) or verdict.dtype != bool:
                raise SpaceError(
                    f"a constraint must give {len(points)} truth values for {len(points)} points, "
                    f"got {verdict.dtype} of shape {verdict.shape}"
                )
            allowed &= verdict
        return allowed

    def check(self, point: Point) -> Point:
        """Return `point` with every position as its device takes it.

        Raises
        ------
        PointError
            If a Dof is missing or unknown, a position is none of its Dof's, a constraint forbids
            the point, or it is not in the pool.
        """
        if set(point) != set(self.names):
            raise PointError(f"a point must give {listed(self.names)}, got {listed(point)}")
        checked = {dof.name: dof.check(point[dof.name]) for dof in self.dofs}
        for constraint in self.constraints:
            if not bool(np.all(constraint(self.columns([checked])))):
                raise PointError(f"a point must satisfy {constraint!r}, got {dict(point)!r}")
        if self.pool is not None and not any(checked == dict(candidate) for candidate in self.pool):
            raise PointError(f"a point must be one of the pool's {len(self.pool)} candidates, got {dict(point)!r}")
        return checked

    def sobol(self, n: int, *, seed: int, skip: int = 0) -> list[Point]:
        """Return ``n`` scrambled Sobol points that the constraints allow.

        A pool gives its candidates nearest to the sequence, each once, as long as there are any.

        Parameters
        ----------
        n
            How many.
        seed
            Of the scrambling.
        skip
            How many allowed points of the same sequence to leave out first.

        Raises
        ------
        SpaceError
            If `n` or `skip` is negative, or the constraints leave too few of a quarter of a million
            points.
        """
        from scipy.stats import qmc

        if n < 0 or skip < 0:
            raise SpaceError(f"n and skip must be zero or more, got n={n}, skip={skip}")

        engine = qmc.Sobol(self.width, scramble=True, rng=seed)
        wanted, found = skip + n, list[Point]()
        if self.pool is not None:
            return self._sobol_of_pool(engine, self.pool)[skip:wanted]
        size = _power_of_two(max(wanted, 2) if not self.constraints else max(wanted, 256))
        for _ in range(_ROUNDS):
            points = self.from_unit(engine.random(size))
            found += [point for point, keep in zip(points, self.allowed(points), strict=True) if keep]
            if len(found) >= wanted:
                return found[skip:wanted]
            size = _PROBES
        tried = engine.num_generated
        raise SpaceError(f"the constraints must leave {wanted} points to measure, got {len(found)} of {tried} tried")

    def _sobol_of_pool(self, engine: Any, pool: tuple[Point, ...]) -> list[Point]:
        left = self.to_unit(pool)
        order = list[int]()
        for target in engine.random(_power_of_two(len(pool)))[: len(pool)]:
            nearest = int(np.square(left - target).sum(axis=1).argmin())
            order.append(nearest)
            left[nearest] = np.inf
        return [pool[index] for index in order]

    def grid(self, per_dof: int) -> list[Point]:
        """Return equally spaced points, `per_dof` along each range, that the constraints allow.

        Choices and short integer ranges give each of their positions once. The order is
        boustrophedon: the last Dof moves fastest and turns back at its ends.
        """
        if self.pool is not None:
            return list(self.pool)
        if per_dof < 1:
            raise SpaceError(f"a grid needs one point or more per Dof, got {per_dof}")
        points = [dict(zip(self.names, row, strict=True)) for row in _snake([_axis(dof, per_dof) for dof in self.dofs])]
        return [point for point, keep in zip(points, self.allowed(points), strict=True) if keep]

    def travel_time(self, start: Point, stop: Point) -> float:
        """Seconds from one point to another: all Dofs move at once, so the slowest counts."""
        return float(self.travel_times(start, self.columns([stop]))[0])

    def travel_times(self, start: Point, stops: Columns) -> FloatArray:
        """Seconds from one point to each of ``n`` others, given as columns of positions, shape ``(n,)``."""
        return np.asarray(np.max([dof.travel_times(start[dof.name], stops[dof.name]) for dof in self.dofs], axis=0))

    def describe(self) -> list[dict[str, Any]]:
        """Return the Dofs as plain data for a start document."""
        return [_described(dof) for dof in self.dofs]


def _described(dof: Dof) -> dict[str, Any]:
    extent: dict[str, Any] = {"choices": list(dof.choices)} if dof.choices else {"low": dof.low, "high": dof.high}
    costs = {"acceleration": dof.acceleration, "settle": dof.settle}
    if math.isfinite(dof.speed):
        costs["speed"] = dof.speed
    return {"name": dof.name, "unit": dof.unit, "integer": dof.integer, **extent, **costs}


def _axis(dof: Dof, count: int) -> list[Value]:
    if dof.choices:
        return list(dof.choices)
    steps = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
    return list(dict.fromkeys(dof.decode(steps.reshape(-1, 1))))


def _snake(axes: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = [()]
    for axis in axes:
        rows = [(*row, value) for turn, row in enumerate(rows) for value in (axis if turn % 2 == 0 else reversed(axis))]
    return rows


def _power_of_two(n: int) -> int:
    return 1 << max(0, (n - 1).bit_length())
