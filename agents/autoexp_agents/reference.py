"""References measured again and again, and values corrected by them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from autoexp.errors import AutoexpError
from autoexp.protocols import Agent
from autoexp.records import Observation, Point, Source, Status, Suggestion, Why
from autoexp_agents.memory import plain, restored, variance_of
from autoexp_agents.wrapping import Wrapper

Correction = Literal["offset", "ratio", "none"]

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """How a field reads now at the reference, against how it read first.

    Parameters
    ----------
    first, latest
        Value at the reference, at first and now, in the field's unit.
    first_variance, latest_variance
        Of these values.
    """

    first: float
    latest: float
    first_variance: float
    latest_variance: float

    def correct(self, value: float, sigma: float, by: Correction) -> tuple[float, float]:
        """Return a value and its sigma as they would have been read at first; variances add in first order."""
        if by == "offset":
            spread = self.first_variance + self.latest_variance
            return value - (self.latest - self.first), math.sqrt(sigma**2 + spread)
        if by == "none" or self.first * self.latest <= 0:
            return value, sigma
        factor = self.first / self.latest
        relative = self.first_variance / self.first**2 + self.latest_variance / self.latest**2
        return value * factor, math.sqrt((sigma * factor) ** 2 + (value * factor) ** 2 * relative)


class ReferenceAgent(Wrapper):
    """Lets an agent measure, a reference every now and then, and corrects values by how the reference drifts.

    The reference is measured first, and again when `every` seconds went by since it was measured last. One that
    gives no usable value is asked for again at once; after three such in a row the agent inside goes on until
    `every` seconds have gone by. That agent is told values as they would have read at the start: less what the
    reference now reads more than at first, or divided by how many times as much it reads, with the sigmas that this
    adds. What it reads now lies on the straight line through its last two values.

    Parameters
    ----------
    agent
        Chooses the other points.
    reference
        Where the value should stay as it is.
    every
        Seconds of beam time between its measurements.
    correct
        By what: ``"offset"``, ``"ratio"`` or ``"none"``.

    Raises
    ------
    AutoexpError
        If `every` is not positive or `correct` is another.
    PointError
        If the reference is none of the Space's points.
    """

    def __init__(self, agent: Agent, reference: Point, *, every: float = 600.0, correct: Correction = "offset") -> None:
        super().__init__(agent)
        if not 0 < every < math.inf:
            raise AutoexpError(f"every must be positive, got {every}")
        if correct not in ("offset", "ratio", "none"):
            raise AutoexpError(f"correct must be 'offset', 'ratio' or 'none', got {correct!r}")
        self._reference, self._every, self._correct = agent.space.check(reference), every, correct
        self._forget()

    def _forget(self) -> None:
        self._given = self._missed = 0
        self._measured: list[Observation] = []
        self._now = -math.inf
        self._due = -math.inf

    @property
    def references(self) -> tuple[Observation, ...]:
        """What was read at the reference, oldest first."""
        return tuple(self._measured)

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return the reference where it is due, and points of the agent inside."""
        waiting = any(_is_reference(row.id) for row in pending)
        made = list[Suggestion]()
        if self._now >= self._due and not waiting and n > 0:
            made.append(Suggestion(f"reference-{self._given:04d}", self._reference, Why(Source.AGENT, "reference")))
            self._given += 1
        return made + self.agent.suggest(n - len(made), [*pending, *made]) if n > len(made) else made

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, corrected by what the reference last read."""
        told = list[Observation]()
        for row in observations:
            self._now = max(self._now, row.time)
            if _is_reference(row.suggestion_id or ""):
                self._note(row)
            told.append(self._corrected(row))
        self.agent.ingest(told)

    def _note(self, row: Observation) -> None:
        """Keep a reference that was read; say when the next is due, which one that was not read leaves as it is."""
        read = row.status is Status.OK and all(_tells(row, name) for name in self._fields)
        self._missed = 0 if read else self._missed + 1
        if read:
            self._measured.append(row)
        if read or self._missed >= _TRIES:
            self._missed, self._due = 0, self._now + self._every

    @property
    def _fields(self) -> list[str]:
        return [objective.name for objective in self.objectives]

    def _corrected(self, row: Observation) -> Observation:
        values, sigmas = dict(row.values), dict(row.sigmas)
        for name, value in row.values.items():
            shift = self.shift(name, row.time)
            if shift is not None and row is not self._measured[0]:
                found, sigma = shift.correct(value, row.sigmas.get(name, 0.0), self._correct)
                values[name] = found
                if name in sigmas:
                    sigmas[name] = sigma
        return replace(row, values=values, sigmas=sigmas)

    def shift(self, field: str, time: float | None = None) -> Shift | None:
        """Return how a field reads at the reference against how it read first; None before it was measured.

        Parameters
        ----------
        field
            Which.
        time
            When, in seconds as the observations tell them; by default at the latest observation.
        """
        rows = [row for row in self._measured if _tells(row, field)]
        if not rows:
            return None
        first, latest = rows[0], rows[-1]
        if first is latest:
            return Shift(first.values[field], first.values[field], 0.0, 0.0)
        before = rows[-2]
        gone = (self._now if time is None else time) - latest.time
        ahead = gone / (latest.time - before.time) if latest.time > before.time else 0.0
        reads = latest.values[field] + ahead * (latest.values[field] - before.values[field])
        variance = (1.0 + ahead) ** 2 * _variance(latest, field) + ahead**2 * _variance(before, field)
        return Shift(first.values[field], reads, _variance(first, field), variance)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"reference": dict(self._reference), "every": self._every, "correct": self._correct}
        return {"agent": type(self).__name__, **own, "inner": dict(self.inner_settings())}

    def state(self) -> Mapping[str, Any]:
        """Return what was read at the reference, when it is due, and the state of the agent inside."""
        return {
            "given": self._given,
            "missed": self._missed,
            "now": self._now if math.isfinite(self._now) else None,
            "due": self._due if math.isfinite(self._due) else None,
            "measured": [plain(row) for row in self._measured],
            "inner": self.agent.state(),  # type: ignore[attr-defined]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._given, self._missed = int(state["given"]), int(state["missed"])
        self._now = -math.inf if state["now"] is None else float(state["now"])
        self._due = -math.inf if state["due"] is None else float(state["due"])
        self._measured = [restored(row) for row in state["measured"]]
        self.agent.restore(state["inner"])  # type: ignore[attr-defined]


def _is_reference(suggestion_id: str) -> bool:
    return suggestion_id.removeprefix("again-").startswith("reference-")


def _variance(row: Observation, field: str) -> float:
    return variance_of(row.sigmas.get(field, math.nan))


def _tells(row: Observation, field: str) -> bool:
    return math.isfinite(row.values.get(field, math.nan)) and math.isfinite(_variance(row, field))
