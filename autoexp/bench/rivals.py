"""What an equal-spaced grid and random points need for the same answer."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.records import Point
from autoexp.space import Space

Cost = Callable[[Sequence[Point]], FloatArray]
"""Points to ``n`` noise-free costs, lower is better; NaN where nothing can be measured."""

_LEGS = 2000


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


def random_effort(space: Space, cost: Cost, goal: float, exposure: float, *, seed: int, draws: int = 60_000) -> Effort:
    """Return the median effort of uniformly random points.

    The number of draws to the first good one is geometric; its median is ``log(1/2) / log(1 - p)``
    for a share ``p`` of good points, which is estimated.

    Parameters
    ----------
    space, cost, goal, exposure
        As for `grid_effort`.
    seed
        Of the points.
    draws
        Number of points that the share is estimated from; without a good one among them the goal
        counts as out of reach.
    """
    generator = np.random.default_rng(seed)
    drawn = space.from_unit(generator.random((draws, space.width)))
    points = [point for point, keep in zip(drawn, space.allowed(drawn), strict=True) if keep]
    share = float(np.mean(cost(points) <= goal))
    count = math.ceil(math.log(0.5) / math.log1p(-min(share, 1 - 1e-12))) if share else len(points)
    legs = points[:_LEGS]
    travel = sum(space.travel_time(start, stop) for start, stop in itertools.pairwise(legs)) / (len(legs) - 1)
    return Effort(count, (count - 1) * travel + count * exposure, share > 0)


def _walk(space: Space, points: Sequence[Point], good: np.ndarray, exposure: float) -> Effort:
    reached = bool(good.any())
    walked = points[: int(np.argmax(good)) + 1] if reached else points
    travel = sum(space.travel_time(start, stop) for start, stop in itertools.pairwise(walked))
    return Effort(len(walked), travel + exposure * len(walked), reached)
