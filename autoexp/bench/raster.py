"""The rival for maps: a raster of as many points as the agents get."""

from collections.abc import Iterator, Sequence

import numpy as np

from autoexp.dofs import Dof
from autoexp.errors import AutoexpError
from autoexp.objectives import Objective, as_objectives
from autoexp.records import Observation, Point, Source, Suggestion, Value, Why
from autoexp.space import Space

_LARGEST = 16


class RasterRival:
    """Measures an even raster of the budget's number of points, row by row, back and forth, and learns nothing.

    Parameters
    ----------
    space, objectives
        Where it may measure, and what is wanted.
    budget
        Number of points. Where constraints forbid some, the finest raster of no more allowed points.
    seed
        Of the offset: where each point stands in its cell, the same in all cells along a Dof.

    Raises
    ------
    AutoexpError
        If the Space is a pool, which has no rows.
    """

    def __init__(
        self, space: Space, objectives: Objective | tuple[Objective, ...], *, budget: int, seed: int = 0
    ) -> None:
        if space.pool is not None:
            raise AutoexpError(f"a raster needs a full Space, got {space!r}")
        self.space = space
        self.objectives = as_objectives(objectives)
        self._left = iter(raster(space, budget, seed=seed))
        self._given = 0

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return the next `n` points; fewer at the end."""
        points = [point for _, point in zip(range(n), self._left, strict=False)]
        first, self._given = self._given, self._given + len(points)
        why = Why(Source.AGENT, "raster")
        return [Suggestion(f"{first + number:04d}", point, why) for number, point in enumerate(points)]

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Take no notice."""


def raster(space: Space, count: int, *, seed: int) -> list[Point]:
    """Return a raster of `count` points whose offset is drawn, or of fewer where constraints do not allow as many.

    Rows are as many as points in a row, or nearly so; where that does not add up some rows have one point more.

    Parameters
    ----------
    space
        Which is divided into cells, along the first Dof first.
    count
        Number of points, 1 or more.
    seed
        Of the offset within cells, which is uniform and independent along each Dof.
    """
    if count < 1:
        raise AutoexpError(f"a raster needs one point or more, got {count}")
    offset = np.random.default_rng(seed).random(len(space.dofs)).tolist()
    best = list[Point]()
    for cells in range(count, _LARGEST * count + 1):
        rows = dict.fromkeys(_rows(space.dofs, cells, offset))
        points = [dict(zip(space.names, row, strict=True)) for row in rows]
        allowed = [point for point, keep in zip(points, space.allowed(points), strict=True) if keep]
        if len(best) < len(allowed) <= count:
            best = list(allowed)
        if len(allowed) >= count:
            break
    return best


def _rows(dofs: Sequence[Dof], count: int, offset: Sequence[float]) -> Iterator[tuple[Value, ...]]:
    """Yield `count` rows of positions; every second line runs backwards."""
    lines = count if len(dofs) == 1 else max(1, round(count ** (1.0 / len(dofs))))
    for line in range(lines):
        here = _position(dofs[0], (line + offset[0]) / lines)
        if len(dofs) == 1:
            yield (here,)
            continue
        points = (line + 1) * count // lines - line * count // lines
        rest = list(_rows(dofs[1:], points, offset[1:]))
        yield from ((here, *row) for row in (rest if line % 2 == 0 else reversed(rest)))


def _position(dof: Dof, share: float) -> Value:
    if dof.choices:
        return dof.choices[int(share * len(dof.choices))]
    position: Value = dof.decode(np.array([[share]]))[0]
    return position
