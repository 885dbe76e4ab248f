"""Several points planned at once and visited on a short route."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError
from autoexp.protocols import Agent
from autoexp.records import Observation, Point, Suggestion
from autoexp.space import Space
from autoexp_agents.memory import plain_suggestion, restored_suggestion
from autoexp_agents.wrapping import Wrapper


class RoutedAgent(Wrapper):
    """Asks an agent for several points and visits them on the shortest route that 2-opt finds.

    Where motors are slow, a map's next point by uncertainty alone is often at the other end; a route
    over the next few costs a little knowledge (they are chosen together, not one after another) and
    saves most of the travel.

    Parameters
    ----------
    agent
        Chooses the points; it must take into account what is pending.
    points
        How many are planned together. Where they are chosen by variance alone, as for a map, two dozen cost hardly more
        points than eight and much less travel.

    Raises
    ------
    AutoexpError
        If `points` is below two.

    References
    ----------
    .. [1] G. A. Croes, Operations Research 6, 791 (1958): 2-opt.
    """

    def __init__(self, agent: Agent, *, points: int = 8) -> None:
        super().__init__(agent)
        if points < 2:
            raise AutoexpError(f"points must be 2 or more, got {points}")
        self._points = points
        self._planned: list[Suggestion] = []
        self._at: Point | None = None

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, and where the devices now are."""
        super().ingest(observations)
        if observations:
            self._at = observations[-1].point

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return the next points of the route; a new one is planned when it ends."""
        made = list[Suggestion]()
        while len(made) < n:
            if not self._planned:
                waiting = [*pending, *made]
                start = waiting[-1].point if waiting else self._at
                chosen = self.agent.suggest(self._points, waiting)
                if not chosen:
                    break
                self._planned = route(self.space, start, chosen)
            made.append(self._planned.pop(0))
        return made

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"agent": type(self).__name__, "points": self._points, "inner": dict(self.inner_settings())}

    def state(self) -> Mapping[str, Any]:
        """Return the rest of the route and the state of the agent inside."""
        return {
            "planned": [plain_suggestion(suggestion) for suggestion in self._planned],
            "at": None if self._at is None else dict(self._at),
            "inner": self.agent.state(),  # type: ignore[attr-defined]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._planned = [restored_suggestion(row) for row in state["planned"]]
        self._at = state["at"]
        self.agent.restore(state["inner"])  # type: ignore[attr-defined]


def route(space: Space, start: Point | None, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """Return suggestions in the order of a short open route by travel time.

    Parameters
    ----------
    space
        Knows what moves cost.
    start
        Where the devices are; None where that does not count.
    suggestions
        What to visit.
    """
    stops = [suggestion.point for suggestion in suggestions]
    first = np.zeros(len(stops)) if start is None else _times(space, [start], stops)[0]
    return [suggestions[index] for index in _two_opt(first, _times(space, stops, stops))]


def _times(space: Space, starts: Sequence[Point], stops: Sequence[Point]) -> FloatArray:
    return np.array([[space.travel_time(start, stop) for stop in stops] for start in starts])


def _two_opt(first: FloatArray, times: FloatArray) -> list[int]:
    """Return an order of ``n`` stops: nearest neighbours, then reversals as long as one shortens it."""
    left, order = list(range(len(first))), list[int]()
    while left:
        cost = times[order[-1]] if order else first
        order.append(min(left, key=lambda stop: (float(cost[stop]), stop)))
        left.remove(order[-1])
    shortened = True
    while shortened:
        shortened = False
        for begin in range(len(order) - 1):
            for end in range(begin + 2, len(order) + 1):
                tried = order[:begin] + order[begin:end][::-1] + order[end:]
                if _length(first, times, tried) < _length(first, times, order) - 1e-9:
                    order, shortened = tried, True
    return order


def _length(first: FloatArray, times: FloatArray, order: Sequence[int]) -> float:
    return float(first[order[0]] + times[order[:-1], order[1:]].sum())
