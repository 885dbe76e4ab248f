"""An agent that has until a given time."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autoexp.errors import AutoexpError
from autoexp.protocols import Agent
from autoexp.records import Observation, Point, Suggestion
from autoexp_agents.wrapping import Wrapper


class DeadlineAgent(Wrapper):
    """Ends an agent's measurement before the beam time does.

    Time is what the observations tell: it begins with the first, or at `start`. What a point takes beside
    travel is the median of what the last ones took; a point is suggested as long as it can be reached and
    measured before the end. With a `home`, time for the way back there is kept.

    Parameters
    ----------
    agent
        Chooses the points.
    seconds
        Beam time there is.
    start
        When it begins, in seconds since the epoch as observations tell it; by default with the first observation.
    exposure
        Seconds that a point is expected to take beside travel, before any was measured.
    home
        Where the devices must be at the end; anywhere by default.

    Raises
    ------
    AutoexpError
        If `seconds` is not positive or `exposure` is negative.
    PointError
        If `home` is none of the Space's points.
    """

    _LATEST = 20

    def __init__(
        self,
        agent: Agent,
        seconds: float,
        *,
        start: float | None = None,
        exposure: float = 0.0,
        home: Point | None = None,
    ) -> None:
        super().__init__(agent)
        if not 0 < seconds < math.inf:
            raise AutoexpError(f"seconds must be positive, got {seconds}")
        if not 0 <= exposure < math.inf:
            raise AutoexpError(f"exposure must not be negative, got {exposure}")
        self._seconds, self._start, self._exposure = seconds, start, exposure
        self._home = None if home is None else agent.space.check(home)
        self._forget()

    def _forget(self) -> None:
        self._began = self._start
        self._visits: list[tuple[float, Point]] = []
        self._late = False

    @property
    def left(self) -> float:
        """Seconds left after the latest observation."""
        if self._began is None:
            return self._seconds
        now = self._visits[-1][0] if self._visits else self._began
        return self._seconds - (now - self._began)

    def finished(self) -> str:
        """Return why nothing more needs measuring."""
        if self._late:
            return f"the beam time ends in {max(self.left, 0.0):.3g} s"
        inner = getattr(self.agent, "finished", None)
        return inner() if inner is not None else ""

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, and what they took."""
        super().ingest(observations)
        for row in observations:
            if self._began is None:
                self._began = row.time
            self._visits.append((row.time, row.point))
        self._visits = self._visits[-self._LATEST :]

    def _each(self) -> float:
        """Return what a point takes beside travel, in seconds."""
        taken = [
            max(0.0, later - sooner - self._travel(start, stop))
            for (sooner, start), (later, stop) in pairwise(self._visits)
        ]
        return float(np.median(taken)) if taken else self._exposure

    def _travel(self, start: Point, stop: Point) -> float:
        try:
            return self.space.travel_time(start, stop)
        except (KeyError, TypeError, ValueError):
            return 0.0

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return those of the agent's next points for which there is time, in order."""
        each, left = self._each(), self.left
        at = self._visits[-1][1] if self._visits else None
        for waiting in pending:
            left, at = left - self._cost(at, waiting.point, each), waiting.point
        made = list[Suggestion]()
        for suggestion in self.agent.suggest(n, pending):
            left, at = left - self._cost(at, suggestion.point, each), suggestion.point
            back = 0.0 if self._home is None else self._travel(at, self._home)
            if left < back:
                self._late = True
                break
            made.append(suggestion)
        return made

    def _cost(self, start: Point | None, stop: Point, each: float) -> float:
        return each + (0.0 if start is None else self._travel(start, stop))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"seconds": self._seconds, "start": self._start, "exposure": self._exposure}
        home = None if self._home is None else dict(self._home)
        return {"agent": type(self).__name__, **own, "home": home, "inner": dict(self.inner_settings())}

    def state(self) -> Mapping[str, Any]:
        """Return when it began, the latest visits, and the state of the agent inside."""
        return {
            "began": self._began,
            "late": self._late,
            "visits": [[time, dict(point)] for time, point in self._visits],
            "inner": self.agent.state(),  # type: ignore[attr-defined]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._began, self._late = state["began"], bool(state["late"])
        self._visits = [(float(time), point) for time, point in state["visits"]]
        self.agent.restore(state["inner"])  # type: ignore[attr-defined]
