"""The ledger around an Agent: the one suggest, the one ingest, what is pending, what was measured."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from autoexp.errors import AutoexpError
from autoexp.ledger import observations_dataset
from autoexp.objectives import Bound, Objective
from autoexp.plain import as_text
from autoexp.policies import FailurePolicy, OnFailure, assess
from autoexp.protocols import Agent, Answers, Checkpoints, Prepares, RecordsModels, Stops
from autoexp.records import Estimate, Observation, Point, Source, Status, Suggestion, Why
from autoexp.space import Space
from autoexp.worker import Worker

if TYPE_CHECKING:
    import xarray as xr

Rule = Callable[["Campaign"], bool]
"""A stopping rule: whether the campaign has what it came for."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a Campaign decided on the latest observations.

    Parameters
    ----------
    suggestions
        What to measure next; empty when it is time to stop.
    stop
        Why to stop; empty while there is more to measure.
    thinking
        Seconds that the decision took.
    thinking_ahead
        Seconds of thinking beside the critical path since the decision before.
    answered
        Whether the agent was asked for its answer on these observations before it chose.
    model
        The model state that the choice rests on, as `autoexp.plain.as_text` writes it; empty without one.
    """

    suggestions: tuple[Suggestion, ...]
    stop: str
    thinking: float
    thinking_ahead: float = 0.0
    answered: bool = False
    model: str = ""


class Campaign:
    """The ledger around an Agent.

    Parameters
    ----------
    agent
        Chooses the points.
    think
        ``"ahead"``: the agent prepares its next decision on a worker thread while devices move and
        expose. ``"inline"``: the same work in a fixed order, for tests and replay.
    on_failure
        What follows a failed measurement: ``"retry"``, ``"skip"``, ``"stop"`` or a `FailurePolicy`.
    plausible
        Bounds outside which a measured value makes its observation suspect.
    clock
        Seconds of beam time, from any origin; a simulated beamline's ``clock.now``.

    Attributes
    ----------
    continues
        Uid of the run that the next one continues; empty where it begins anew.

    Notes
    -----
    Every method may be called from any thread. Devices are none of its business.
    """

    def __init__(
        self,
        agent: Agent,
        *,
        think: Literal["ahead", "inline"] = "ahead",
        on_failure: FailurePolicy | OnFailure | str = OnFailure.RETRY,
        plausible: Sequence[Bound] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if think not in ("ahead", "inline"):
            raise AutoexpError(f"think must be 'ahead' or 'inline', got {think!r}")
        self.agent = agent
        self.think = think
        self.plausible = tuple(plausible)
        self.policy = on_failure if isinstance(on_failure, FailurePolicy) else FailurePolicy(OnFailure(on_failure))
        self.units: Mapping[str, str] = {dof.name: dof.unit for dof in agent.space.dofs}
        self._clock = clock
        self._origin: float | None = None
        self._queue: deque[Suggestion] = deque()
        self._asked: dict[str, Suggestion] = {}
        self._pending: dict[str, Suggestion] = {}
        self._tries: dict[str, int] = {}
        self._observations: list[Observation] = []
        self._estimates: dict[int, Estimate] = {}
        self._stop = ""
        self._ahead = 0.0
        self._ahead_told = 0.0
        self.continues = ""
        self._lock = threading.RLock()
        self._thinking = threading.RLock()
        self._worker = Worker()

    @property
    def space(self) -> Space:
        """Where the agent may measure."""
        return self.agent.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self.agent.objectives

    @property
    def pending(self) -> tuple[Suggestion, ...]:
        """Suggestions without an answer, oldest first."""
        with self._lock:
            return tuple(self._pending.values())

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Everything suggested so far, oldest first."""
        with self._lock:
            return tuple(self._asked.values())

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Everything measured so far, oldest first, failed and suspect points included."""
        with self._lock:
            return tuple(self._observations)

    @property
    def estimates(self) -> Mapping[int, Estimate]:
        """Answers given so far, by the number of observations that they rest on."""
        with self._lock:
            return dict(self._estimates)

    @property
    def beam_time(self) -> float:
        """Seconds of beam time since the campaign began to measure."""
        if self._origin is None:
            self._origin = self._clock()
        return self._clock() - self._origin

    def propose(self, point: Point) -> Suggestion:
        """Put a person's own point at the front of the queue.

        Raises
        ------
        PointError
            If the point is none of the Space's.
        """
        checked = self.space.check(point)
        with self._lock:
            persons = sum(
                suggestion.why.source is Source.PERSON for suggestion in [*self._asked.values(), *self._queue]
            )
            suggestion = Suggestion(f"person-{persons:04d}", checked, Why(Source.PERSON, "proposed"))
            self._queue.append(suggestion)
        return suggestion

    def ask_again(self, suggestion: Suggestion) -> None:
        """Queue a point that was asked for in an earlier run and never measured.

        Raises
        ------
        PointError
            If the point is none of the Space's.
        """
        checked = self.space.check(suggestion.point)
        why = replace(suggestion.why, source=Source.RETRY)
        with self._lock:
            self._queue.append(Suggestion(f"again-{suggestion.id}", checked, why))

    def suggest(self, n: int = 1) -> list[Suggestion]:
        """Return up to `n` points to measure next: retries and persons' points first, then the agent's.

        Raises
        ------
        PointError
            If the agent suggests a point outside the Space.
        """
        if n < 1:
            raise AutoexpError(f"n must be 1 or more, got {n}")
        with self._lock:
            chosen = [self._queue.popleft() for _ in range(min(n, len(self._queue)))]
            for suggestion in chosen:
                self._register(suggestion)
        if len(chosen) < n:
            with self._thinking:
                asked = self.agent.suggest(n - len(chosen), self.pending)
            with self._lock:
                for suggestion in asked:
                    checked = replace(suggestion, point=self.space.check(suggestion.point))
                    self._register(checked)
                    chosen.append(checked)
        return chosen

    def _register(self, suggestion: Suggestion) -> None:
        if suggestion.id in self._asked:
            raise AutoexpError(f"each suggestion needs its own id, got {suggestion.id!r} twice")
        self._asked[suggestion.id] = suggestion
        self._pending[suggestion.id] = suggestion

    def ingest(self, observations: Sequence[Observation]) -> tuple[Observation, ...]:
        """Enter observations in the ledger and teach the agent.

        Returns
        -------
            The observations with the status that each was given.

        Raises
        ------
        AutoexpError
            If one answers a suggestion that was never made.
        """
        with self._lock:
            for observation in observations:
                if observation.suggestion_id is not None and observation.suggestion_id not in self._asked:
                    raise AutoexpError(f"an observation must answer a suggestion, got id {observation.suggestion_id!r}")
            assessed = tuple(assess(observation, self.objectives, self.plausible) for observation in observations)
            self._observations.extend(assessed)
            for observation in assessed:
                self._pending.pop(observation.suggestion_id or "", None)
                if observation.status is Status.FAILED:
                    self._follow_failure(observation)
        with self._thinking:
            self.agent.ingest(assessed)
        return assessed

    def learn_earlier(self, observations: Sequence[Observation]) -> None:
        """Enter what was measured in earlier runs, and teach the agent; it answers nothing asked here."""
        if not observations:
            return
        assessed = tuple(assess(observation, self.objectives, self.plausible) for observation in observations)
        with self._lock:
            self._observations.extend(assessed)
        with self._thinking:
            self.agent.ingest(assessed)

    def _follow_failure(self, observation: Observation) -> None:
        failed = self._asked.get(observation.suggestion_id or "")
        if self.policy.action is OnFailure.STOP:
            self._stop = f"a measurement failed: {observation.reason}"
        if failed is None or self.policy.action is not OnFailure.RETRY:
            return
        first, _, _ = failed.id.partition("~")
        tries = self._tries.get(first, 0)
        if tries < self.policy.times:
            self._tries[first] = tries + 1
            why = replace(failed.why, source=Source.RETRY)
            self._queue.appendleft(replace(failed, id=f"{first}~{tries + 1}", why=why))

    def retract(self, suggestion_id: str) -> None:
        """Forget that a suggestion is pending, without an answer."""
        with self._lock:
            self._pending.pop(suggestion_id, None)

    def best(self) -> Estimate:
        """Return the agent's answer, by posterior mean, with its sigma.

        Raises
        ------
        AutoexpError
            If the agent gives no answers.
        """
        if not isinstance(self.agent, Answers):
            raise AutoexpError(f"the agent must give answers to have a best, got {type(self.agent).__name__}")
        with self._lock:
            count = len(self._observations)
            known = self._estimates.get(count)
        if known is None:
            with self._thinking:
                known = self.agent.best()
            with self._lock:
                self._estimates[count] = known
        return known

    def decide(self, observations: Sequence[Observation], until: Rule | None, n: int = 1) -> Decision:
        """Learn, ask the stopping rules, and choose the next points."""
        began = time.perf_counter()
        if observations:
            self.ingest(observations)
        stop = self._why_stop(until)
        with self._lock:
            answered = len(self._observations) in self._estimates
        suggestions = () if stop else tuple(self.suggest(n))
        if not suggestions and not stop:
            stop = "the agent has no more points"
        thinking = time.perf_counter() - began
        return Decision(suggestions, stop, thinking, self._newly_ahead(), answered, self._model(suggestions))

    def _model(self, suggestions: Sequence[Suggestion]) -> str:
        """Return the model state that the agent's own choices among `suggestions` rest on."""
        chosen = any(suggestion.why.source in (Source.AGENT, Source.INITIAL) for suggestion in suggestions)
        if not chosen or not isinstance(self.agent, RecordsModels):
            return ""
        with self._thinking:
            state = self.agent.model_state()
        return as_text(state) if state else ""

    def _newly_ahead(self) -> float:
        own = self.agent.thought_ahead if isinstance(self.agent, RecordsModels) else 0.0
        before, self._ahead_told = self._ahead_told, self._ahead + own
        return self._ahead_told - before

    def agent_state(self) -> str:
        """Return everything that the agent's later decisions depend on, as text; empty if it does not tell."""
        if not isinstance(self.agent, Checkpoints):
            return ""
        with self._thinking:
            return as_text(self.agent.state())

    def _why_stop(self, until: Rule | None) -> str:
        if self._stop:
            return self._stop
        if until is not None and until(self):
            return f"{until!r} was reached"
        return self.agent.finished() if isinstance(self.agent, Stops) else ""

    def submit_decision(self, observations: Sequence[Observation], until: Rule | None) -> "Future[Decision]":
        """Do `decide` on the worker thread."""
        return self._worker.submit(self.decide, observations, until)

    def submit_preparation(self) -> None:
        """Let the agent think ahead on the worker thread, if it can and may."""
        if self.think == "ahead" and isinstance(self.agent, Prepares):
            self._worker.submit(self._prepare, self.agent)

    def _prepare(self, agent: Prepares) -> None:
        with self._thinking:
            began = time.perf_counter()
            agent.prepare(self.pending)
            self._ahead += time.perf_counter() - began

    def to_dataset(self) -> "xr.Dataset":
        """Return the observations: one row each, positions as coordinates, units in the attributes."""
        return observations_dataset(self.observations, self.suggestions, self.space, self.units)

    def close(self, *, wait: bool = True) -> None:
        """End the worker thread; the ledger stays."""
        self._worker.close(wait=wait)
