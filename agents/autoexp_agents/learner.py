"""What agents share that measure a design first and then choose by Gaussian processes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import numpy as np

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.objectives import Objective, as_objectives
from autoexp.records import Observation, Point, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.parameters import Data
from autoexp_agents.belief import Belief, learn
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.opening import Opening, taken

Found = tuple[FloatArray, float]
"""A point of the unit cube, shape ``(d,)``, and its score."""


class First(Protocol):
    """The first points of a search."""

    drawn: int

    def next(self, name: str, memory: Memory, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point; None when there are enough."""

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""


class Pass:
    """Given points in their order, each once.

    Parameters
    ----------
    space
        Where.
    points
        Which.
    rule
        Their name in the record.
    source
        Who proposes them.
    """

    def __init__(self, space: Space, points: Iterable[Point], rule: str, source: Source = Source.INITIAL) -> None:
        self._space, self._points, self._rule, self._source = space, tuple(points), rule, source
        self.drawn = 0

    def __len__(self) -> int:
        return len(self._points)

    def next(self, name: str, memory: Memory, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point that is not yet taken; None at the end."""
        known = taken(memory, pending)
        for index, point in enumerate(islice(self._points, self.drawn, None), self.drawn):
            if not near(self._space.to_unit([point]), known)[0]:
                self.drawn = index + 1
                return Suggestion(name, point, Why(self._source, self._rule, n_observations=len(memory)))
        self.drawn = len(self._points)
        return None

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"initial": len(self._points)}


class Learner(ABC):
    """An agent that measures a design first, then where its models say.

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
    kernel
        One of `autoexp.surrogates.PROFILES`.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | First | None,
        seed: int,
        candidates: int,
        kernel: str,
    ) -> None:
        self._space, self._objectives = space, as_objectives(objectives)
        self._first: First = Opening(space, initial, seed) if initial is None or isinstance(initial, int) else initial
        self._seed, self._kernel = seed, kernel
        self._candidates = Candidates(finite(space), size=candidates, seed=seed)
        self._given = 0
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self._space, self._objectives)
        self._first.drawn = 0
        self._belief: Belief | None = None
        self._fitted = 0

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
        known = len(self._memory)
        self._memory.add(observations)
        if self._belief is not None:
            self._belief.update(self._memory.all_data(known))

    def _believed(self) -> Belief:
        """Return the models, fitted anew when a tenth more was measured.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        if self._belief is None and self._fitted:
            self._belief = self._learnt(self._fitted)
            self._belief.update(self._memory.all_data(self._fitted))
        if self._belief is None or len(self._memory) >= self._fitted + max(1, self._fitted // 10):
            self._fitted = len(self._memory)
            self._belief = self._learnt(self._fitted)
        return self._belief

    def _learnt(self, count: int) -> Belief:
        data = {
            name: Data(known.x[:count], known.y[:count], known.variance[:count])
            for name, known in self._memory.all_data().items()
        }
        return learn(data, {}, seed=self._seed, kernel=self._kernel, watch=self._candidates.unit)

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: of the design, then the best by the models, each with the others in mind."""
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

    def _spare(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return one more Sobol point, where there is nothing to choose by; None if there is no other."""
        more = Opening(self._space, 2 + len(self._memory) + len(pending), self._seed)
        return more.next(f"{self._given:04d}", self._memory, pending)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            **self._first.settings(),
            "seed": self._seed,
            "candidates": self._candidates.size,
            "kernel": self._kernel,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations, how many the models were fitted to, and the position in the design."""
        return {
            "given": self._given,
            "designed": self._first.drawn,
            "fitted": self._fitted,
            "observations": [plain(row) for row in self._memory.observations],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._given, self._first.drawn = int(state["given"]), int(state["designed"])
        self._memory.add([restored(row) for row in state["observations"]])
        self._fitted = int(state["fitted"])


class Searcher(Learner):
    """A learner that chooses the point that `_search` finds best by its models."""

    rule: str

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        belief, known = self._believed(), taken(self._memory, pending)
        digest = belief.digest
        with belief.imagining():
            self._imagine(belief, pending)
            found = self._search(belief, known, pending)
        if found is None:
            return None
        unit, score = found
        mean, sigma = belief.at(unit)
        why = Why(Source.AGENT, self.rule, mean, sigma, score, len(self._memory), digest)
        return Suggestion(f"{self._given:04d}", self._candidates.space.from_unit(unit[None, :])[0], why)

    def _imagine(self, belief: Belief, pending: Sequence[Suggestion]) -> None:
        """Condition on what is pending, or gave no value, as if it had brought what is predicted."""
        waiting = self._space.to_unit([row.point for row in pending])
        lost = np.vstack([self._memory.lost(failed=False), self._memory.lost(failed=True)])
        for unit in [*waiting, *lost]:
            mean, _ = belief.at(unit)
            for name, model in belief.models.items():
                model.imagine(unit, mean[name])

    @abstractmethod
    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the best point apart from the known ones, shape ``(k, d)``; None if there is no other."""
