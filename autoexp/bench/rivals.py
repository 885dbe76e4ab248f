"""What an equal-spaced grid and random points need for the same answer."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.records import Point
from autoexp.space import Space

Cost = Callable[[Sequence[Point]], FloatArray]
"""Points to ``n`` noise-free costs, lower is better; NaN where nothing can be measured."""

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Effort:
    """What it takes to measure a point as good as asked for.

    Parameters
    ----------
    points
        Number of points up to and including the first one as good.
    seconds
        Beam time for them: travel and `exposure` at each.
    reached
        Whether any was as good; if not, `points` and `seconds` are what was spent in vain.
    """

    points: int
    seconds: float
    reached: bool = True


def grid_effort(space: Space, cost: Cost, goal: float, exposure: float, most: int = 60_000) -> Effort:
    """Return the effort of the coarsest equal-spaced grid that holds a point as good as `goal`.

    Parameters
    ----------
    space, cost
        Where to measure, and the truth. Measurements are noise-free, which favours the grid.
    goal
        The cost to reach.
    exposure
        Seconds at each point beside travel.
    most
        Grids of more points than this are not tried.

    Notes
    -----
    The grid is walked boustrophedon and stopped at its first good point, which favours it again:
    a person without the truth would walk it to its end, and would have walked the coarser ones.
    """
    tried = Effort(0, 0.0, reached=False)
    for per_dof in range(2, most + 1):
        points = space.grid(per_dof)
        if len(points) > most:
            break
        tried = _walk(space, points, cost(points) <= goal, exposure)
        if tried.reached or space.pool is not None:
            break
    return tried


def random_effort(
    space: Space, cost: Cost, goal: float, exposure: float, *, seed: int, repeats: int = 25, most: int = 60_000
) -> Effort:
    """Return the median effort of `repeats` sequences of uniformly random points.

    Parameters
    ----------
    space, cost, goal, exposure
        As for `grid_effort`.
    seed
        Of the points.
    repeats
        Number of sequences.
    most
        Points after which a sequence gives up.
    """
    generator = np.random.default_rng(seed)
    efforts = [_random_walk(space, cost, goal, exposure, generator, most) for _ in range(repeats)]
    return sorted(efforts, key=lambda effort: (effort.points, effort.seconds))[repeats // 2]


def _random_walk(
    space: Space, cost: Cost, goal: float, exposure: float, generator: np.random.Generator, most: int
) -> Effort:
    points: list[Point] = []
    while len(points) < most:
        drawn = space.from_unit(generator.random((_BATCH, space.width)))
        points += [point for point, keep in zip(drawn, space.allowed(drawn), strict=True) if keep]
        good = cost(points[-_BATCH:]) <= goal
        if good.any():
            begun = max(0, len(points) - _BATCH)
            return _walk(space, points, np.concatenate([np.zeros(begun, dtype=bool), good]), exposure)
    return _walk(space, points, np.zeros(len(points), dtype=bool), exposure)


def _walk(space: Space, points: Sequence[Point], good: np.ndarray, exposure: float) -> Effort:
    reached = bool(good.any())
    walked = points[: int(np.argmax(good)) + 1] if reached else points
    travel = sum(space.travel_time(start, stop) for start, stop in itertools.pairwise(walked))
    return Effort(len(walked), travel + exposure * len(walked), reached)
