"""Agents that follow a plan made beforehand: Sobol points, random points, a grid."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.objectives import Objective, as_objectives
from autoexp.records import Estimate, Observation, Point, Source, Status, Suggestion, Why
from autoexp.space import Space
from autoexp_agents.belief import best as best_of
from autoexp_agents.belief import learn, lengths_of
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.report import unguided

if TYPE_CHECKING:
    import xarray as xr

Key = tuple[tuple[str, Any], ...]
"""A point as something to compare."""

_BLOCK = 64
_PATIENCE = 1000


class Design:
    """An agent that walks along a fixed sequence of points, each once.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        What is wanted; it answers by a model, but does not choose by one.
    sequence
        The points, in order.
    rule
        Name of the sequence in the record.
    settings
        What the sequence was made from.
    same
        How near, as a share of each range, an earlier run's measurement must be to stand for a point of the sequence:
        motors do not come to rest quite where they were sent.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        sequence: Iterator[Point],
        rule: str,
        settings: Mapping[str, Any],
        same: float = 1e-3,
    ) -> None:
        self._space = space
        self._objectives = as_objectives(objectives)
        self._sequence = sequence
        self._drawn = list[Point]()
        self._rule = rule
        self._settings = dict(settings)
        self._position = 0
        self._given = 0
        self._memory = Memory(space, self._objectives)
        self._finite = finite(space)
        self._same = same if self._finite.pool is None else self._memory.same
        self._earlier = np.empty((0, space.width))

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return the next `n` points of the sequence; fewer at its end."""
        taken = {key(suggestion.point) for suggestion in pending}
        suggestions = list[Suggestion]()
        while len(suggestions) < n:
            point = self._next()
            if point is None:
                break
            if key(point) in taken or near(self._unit([point]), self._earlier, self._same)[0]:
                continue
            why = Why(Source.AGENT, self._rule, n_observations=len(self._memory))
            suggestions.append(Suggestion(f"{self._given:04d}", point, why))
            self._given += 1
        return suggestions

    def _next(self) -> Point | None:
        """Return the next point of the sequence, drawing it if need be; None at the end."""
        while len(self._drawn) <= self._position:
            point = next(self._sequence, None)
            if point is None:
                return None
            self._drawn.append(point)
        self._position += 1
        return self._drawn[self._position - 1]

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Remember observations for the answer; what earlier runs measured need not be measured again."""
        self._memory.add(observations)
        earlier = [row.point for row in observations if row.suggestion_id is None and row.status is not Status.FAILED]
        if earlier:
            self._earlier = np.vstack([self._earlier, self._unit(earlier)])

    def _unit(self, points: Sequence[Point]) -> FloatArray:
        """Return points in the unit cube, shape ``(m, d)``; of a finite Space the candidates that they stand for."""
        return self._memory.standing(self._space.to_unit(points))

    def best(self) -> Estimate:
        """Return the best point by posterior mean of a model of what was seen.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = learn(self._memory.all_data(), {}, lengths=lengths_of(self._space))
        return best_of(belief, self._objectives, Candidates(self._finite), self._memory.units)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return what a model of everything seen believes around the best point; see `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        return unguided(self._memory, Candidates(self._finite), self._objectives, self._rule, per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"agent": type(self).__name__, **self._settings}

    def state(self) -> Mapping[str, Any]:
        """Return the position in the sequence and the observations."""
        observations = [plain(observation) for observation in self._memory.observations]
        return {"position": self._position, "given": self._given, "observations": observations}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._position, self._given = int(state["position"]), int(state["given"])
        self._memory = Memory(self._space, self._objectives)
        self._earlier = np.empty((0, self._space.width))
        self.ingest([restored(row) for row in state["observations"]])


class SobolAgent(Design):
    """Measures at scrambled Sobol points: an even cover of the Space after any number of them.

    Parameters
    ----------
    space, objectives
        Where it may measure, and what is wanted.
    seed
        Of the scrambling.

    Examples
    --------
    >>> from autoexp import Dof, Maximize
    >>> [found] = SobolAgent(Space([Dof("x", 0, 1)]), Maximize("flux")).suggest(1, [])
    >>> found.why.rule
    'sobol'
    """

    def __init__(self, space: Space, objectives: Objective | tuple[Objective, ...], *, seed: int = 0) -> None:
        super().__init__(space, objectives, sobol(space, seed), "sobol", {"seed": seed})


class RandomAgent(Design):
    """Measures at uniformly random points: the rival that everything else must beat.

    Parameters
    ----------
    space, objectives
        Where it may measure, and what is wanted.
    seed
        Of the draws.
    """

    def __init__(self, space: Space, objectives: Objective | tuple[Objective, ...], *, seed: int = 0) -> None:
        super().__init__(space, objectives, uniform(space, seed), "random", {"seed": seed})


class GridAgent(Design):
    """Measures a grid row by row, back and forth, and then has no more.

    Parameters
    ----------
    space, objectives
        Where it may measure, and what is wanted.
    per_dof
        Points along each range; choices and short integer ranges give each of theirs once.
    """

    def __init__(self, space: Space, objectives: Objective | tuple[Objective, ...], *, per_dof: int = 10) -> None:
        same = min(1e-3, 0.25 / per_dof)
        super().__init__(space, objectives, iter(space.grid(per_dof)), "grid", {"per_dof": per_dof}, same)


def sobol(space: Space, seed: int) -> Iterator[Point]:
    """Yield the Space's Sobol points, each once; those of a finite Space until there are no more."""
    limited = finite(space)
    if limited.pool is not None:
        yield from limited.sobol(len(limited.pool), seed=seed)
        return
    yield from _once(lambda block: space.sobol(_BLOCK, seed=seed, skip=block * _BLOCK))


def uniform(space: Space, seed: int) -> Iterator[Point]:
    """Yield random points of the Space, each once; those of a finite Space until there are no more."""
    limited = finite(space)
    rng = np.random.default_rng(seed)
    if limited.pool is not None:
        yield from (limited.pool[int(index)] for index in rng.permutation(len(limited.pool)))
        return

    def draw(block: int) -> list[Point]:
        drawn = space.from_unit(rng.random((_BLOCK, space.width)))
        return [point for point, keep in zip(drawn, space.allowed(drawn), strict=True) if keep]

    yield from _once(draw)


def _once(draw: Callable[[int], list[Point]]) -> Iterator[Point]:
    """Yield every new point of successive blocks, until a thousand blocks bring none."""
    seen = set[Key]()
    block = last = 0
    while block - last < _PATIENCE:
        for point in draw(block):
            if key(point) not in seen:
                seen.add(key(point))
                last = block
                yield point
        block += 1


def key(point: Point) -> Key:
    """Return a point as something to compare and to keep in sets."""
    return tuple(sorted(point.items()))
