"""What agents share that measure a design first."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.objectives import Objective, as_objectives
from autoexp.records import Observation, Point, Source, Suggestion, Why
from autoexp.space import Space
from autoexp_agents.memory import Memory, plain, restored
from autoexp_agents.opening import Opening, free, taken


class First(Protocol):
    """The first points of a search."""

    drawn: int

    def next(self, name: str, memory: Memory, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point; None when there are enough."""

    def settings(self) -> Mapping[str, Any]:
        """Return which of the agent's settings it was built with."""


class Pass:
    """Given points in their order, each once.

    Parameters
    ----------
    points
        Which.
    rule
        Their name in the record.
    source
        Who proposes them.
    apart
        How far from one of them, as a share of each range, another measurement stands for it.
    """

    def __init__(self, points: Iterable[Point], rule: str, source: Source = Source.INITIAL, apart: float = 0.0) -> None:
        self._points, self._rule, self._source, self._apart = tuple(points), rule, source, apart
        self.drawn = 0

    def over(self, memory: Memory) -> bool:
        """Return whether no point is left that something measured does not stand for."""
        left = islice(self._points, self.drawn, None)
        return not any(free(memory, point, memory.taken, self._apart) for point in left)

    def next(self, name: str, memory: Memory, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point that is not yet taken; None at the end."""
        known = taken(memory, pending)
        for index, point in enumerate(islice(self._points, self.drawn, None), self.drawn):
            if free(memory, point, known, self._apart):
                self.drawn = index + 1
                return Suggestion(name, point, Why(self._source, self._rule, n_observations=len(memory)))
        self.drawn = len(self._points)
        return None

    def settings(self) -> Mapping[str, Any]:
        """Return nothing: an agent makes the points from settings of its own."""
        return {}


class Designed(ABC):
    """An agent that measures a design first, then where `_chosen` says.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        What is wanted.
    initial
        Number of Sobol points measured first, or another design.
    seed
        Of the Sobol points and of the candidates.
    candidates
        Number of points prepared for the search.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | First | None,
        seed: int,
        candidates: int,
    ) -> None:
        self._space, self._objectives = space, as_objectives(objectives)
        self._first: First = Opening(space, initial, seed) if initial is None or isinstance(initial, int) else initial
        self._seed = seed
        self._candidates = Candidates(finite(space), size=candidates, seed=seed)
        self._given = 0
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self._space, self._objectives)
        self._first.drawn = 0

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        self._memory.add(observations)

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: of the design, then those that tell most, each with the others in mind."""
        made = list[Suggestion]()
        while len(made) < n:
            waiting = [*pending, *made]
            suggestion = self._first.next(f"{self._given:04d}", self._memory, waiting) or self._chosen(waiting)
            if suggestion is None:
                break
            made.append(suggestion)
            self._given += 1
        return made

    @abstractmethod
    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point after the design; None if there is no other."""

    def _suggestion(self, unit: FloatArray, why: Why) -> Suggestion:
        """Return the point at ``(d,)`` coordinates of the unit cube as the next suggestion."""
        return Suggestion(f"{self._given:04d}", self._candidates.space.from_unit(unit[None, :])[0], why)

    def _spare(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return one more Sobol point, where there is nothing to choose by; None if there is no other."""
        more = Opening(self._space, 2 + len(self._memory) + len(pending), self._seed)
        return more.next(f"{self._given:04d}", self._memory, pending)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"agent": type(self).__name__, **self._first.settings()}

    def state(self) -> Mapping[str, Any]:
        """Return the observations and the position in the design."""
        return {
            "given": self._given,
            "designed": self._first.drawn,
            "observations": [plain(row) for row in self._memory.observations],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._given, self._first.drawn = int(state["given"]), int(state["designed"])
        self.ingest([restored(row) for row in state["observations"]])
