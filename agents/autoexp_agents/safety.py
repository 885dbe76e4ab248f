"""An agent that keeps away from where a bound may break."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
from scipy.special import ndtri

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError, ObjectiveError
from autoexp.objectives import Bound
from autoexp.protocols import Agent
from autoexp.records import Observation, Point, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.parameters import Data, Parameters
from autoexp_agents.belief import Belief, believe, bounds_of, learn, lengths_of
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.opening import free, taken
from autoexp_agents.wrapping import Build, Wrapper

_APART = 0.01
_STEPS = 64


class SafeAgent(Wrapper):
    """Lets an agent measure only where its bounds hold with a given probability.

    A Gaussian process of each bounded field says how probable that is, everywhere. It begins at points that
    are known to be safe; where the agent inside wants to go farther than the models vouch for, it measures
    the nearest point that is safe instead, and so learns its way there. The models are careful [1]_: their length
    scales are no longer than `reach`, and their prior sigma is so large that no point far from every value is safe.

    Parameters
    ----------
    agent
        Chooses the points. One that searches by itself from point to point (`LocalAgent`) cannot be led.
    start
        Points that are safe, measured first.
    bounds
        What must hold; by default the Bounds among the agent's objectives.
    probability
        With which every one of them must hold.
    reach
        Longest length scale of the models, as a share of each range.

    Raises
    ------
    ObjectiveError
        If there is no Bound or `probability` or `reach` is out of range.
    AutoexpError
        If there is no point to start at.
    PointError
        If one of them is none of the Space's.

    References
    ----------
    .. [1] Y. Sui et al., Safe Exploration for Optimization with Gaussian Processes (2015).
    """

    def __init__(
        self,
        agent: Agent,
        start: Sequence[Point],
        *,
        bounds: Sequence[Bound] | None = None,
        probability: float = 0.95,
        reach: float = 0.3,
    ) -> None:
        super().__init__(agent)
        found = [item for item in agent.objectives if isinstance(item, Bound)] if bounds is None else list(bounds)
        if not found:
            raise ObjectiveError(f"a safe agent needs a Bound, got {agent.objectives!r}")
        if not 0.6 <= probability < 1:
            raise ObjectiveError(f"probability must lie in 0.6 to 1, got {probability}")
        if not 0 < reach < math.inf:
            raise ObjectiveError(f"reach must be positive, got {reach}")
        if not start:
            raise AutoexpError("a safe agent needs a point to start at, got none")
        self._bounds, self._probability, self._reach = tuple(found), probability, reach
        self._start = tuple(agent.space.check(point) for point in start)
        self._candidates = Candidates(finite(agent.space), size=2048, seed=0)
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self.space, self._bounds)
        self._begun = self._started = 0
        self._belief: Belief | None = None

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations where it is safe."""
        super().ingest(observations)
        self._memory.add(observations)
        self._belief = None

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points, each safe by what is known."""
        made = list[Suggestion]()
        while len(made) < n:
            waiting = [*pending, *made]
            suggestion = self._first(waiting)
            if suggestion is None and len(self._memory):
                asked = self.agent.suggest(1, waiting)
                suggestion = self._kept_safe(asked[0], waiting) if asked else None
            if suggestion is None:
                break
            made.append(suggestion)
        return made

    def _first(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next of the starting points; one of them again as long as there is no value of any."""
        known = taken(self._memory, pending)
        for index, point in enumerate(self._start[self._started :], self._started):
            if free(self._memory, point, known):
                self._started = index + 1
                return Suggestion(f"safe-{index}-{self._next()}", point, Why(Source.INITIAL, "safe start"))
        if len(self._memory) or pending:
            return None
        again = self._start[self._begun % len(self._start)]
        return Suggestion(f"safe-again-{self._next()}", again, Why(Source.INITIAL, "safe start"))

    def _next(self) -> int:
        self._begun += 1
        return self._begun

    def _kept_safe(self, suggestion: Suggestion, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the suggestion where it is safe, else the nearest safe point that tells something new."""
        belief, wanted = self._believed(), self.space.to_unit([suggestion.point])
        if self._safe(belief, wanted)[0]:
            return suggestion
        known = taken(self._memory, pending)
        points = np.vstack([self._candidates.unit, self._towards(wanted[0])])
        points = points[self._safe(belief, points)]
        fresh = points[~near(points, known, _APART)]
        points = fresh if len(fresh) else points[~near(points, known, self._memory.same)]
        if not len(points):
            return None
        chosen = points[int(np.square(points - wanted).sum(axis=1).argmin())]
        mean, sigma = belief.at(chosen)
        why = Why(suggestion.why.source, f"{suggestion.why.rule}, kept safe", mean, sigma)
        why = replace(why, n_observations=len(self._memory), model=belief.digest)
        return replace(suggestion, point=self._candidates.space.from_unit(chosen[None, :])[0], why=why)

    def _towards(self, wanted: FloatArray) -> FloatArray:
        """Return points on the way from the nearest measured ones to what was wanted, shape ``(k, d)``."""
        if self._candidates.space.pool is not None:
            return np.empty((0, self.space.width))
        units = self._candidates.snap(self._memory.units)
        nearest = units[np.argsort(np.square(units - wanted).sum(axis=1), kind="stable")[:4]]
        shares = np.linspace(0.0, 1.0, _STEPS)[:, None, None]
        way = self._candidates.snap((nearest + shares * (wanted - nearest)).reshape(-1, self.space.width))
        return way[self._candidates.allowed(way)]

    def _safe(self, belief: Belief, unit: FloatArray) -> Any:
        """Return at which of ``(m, d)`` points every bound holds with the probability asked for."""
        held = [belief.score([score], unit) >= math.log(self._probability) for score in bounds_of(self._bounds)]
        return np.all(held, axis=0)

    def _believed(self) -> Belief:
        """Return careful models of the bounded fields."""
        if self._belief is None:
            data = self._memory.all_data()
            fitted = learn(data, {}, kernel="matern52", lengths=lengths_of(self.space)).models
            careful = {name: self._careful(fitted[name].parameters, data[name], name) for name in fitted}
            self._belief = believe(data, careful)
        return self._belief

    def _careful(self, found: Parameters, data: Data, name: str) -> Parameters:
        bounds = [bound for bound in self._bounds if bound.name == name]
        margins = [abs(end - found.offset) for bound in bounds for end in (bound.low, bound.high) if math.isfinite(end)]
        least = (min(margins) / (0.5 * float(ndtri(self._probability)) * found.scale)) ** 2
        return replace(
            found,
            lengthscales=tuple(min(length, self._reach) for length in found.lengthscales),
            variance=min(max(found.variance, least), 1e12),
        )

    @classmethod
    def rebuilt(cls, settings: Mapping[str, Any], space: Space, build: Build) -> Self:
        """Return a fresh one from its recorded settings, around an agent that `build` makes."""
        return super().rebuilt({**settings, "bounds": [Bound(**row) for row in settings["bounds"]]}, space, build)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            "start": [dict(point) for point in self._start],
            "bounds": [
                {name: end for name, end in asdict(bound).items() if name == "name" or math.isfinite(end)}
                for bound in self._bounds
            ],
            "probability": self._probability,
            "reach": self._reach,
            "inner": dict(self.inner_settings()),
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations, the position in the starting points, and the state of the agent inside."""
        rows = [plain(row) for row in self._memory.observations]
        own = {"begun": self._begun, "started": self._started, "observations": rows}
        return {**own, "inner": self.agent.state()}  # type: ignore[attr-defined]

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._begun, self._started = int(state["begun"]), int(state["started"])
        self._memory.add([restored(row) for row in state["observations"]])
        self.agent.restore(state["inner"])  # type: ignore[attr-defined]
