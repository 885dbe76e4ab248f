"""A stored run's decisions taken again, by the agent that took them or by another."""

from contextlib import suppress
from dataclasses import dataclass

from autoexp.campaign import Campaign
from autoexp.data.history import Documents, Step, read_history
from autoexp.errors import ObjectiveError, PointError, listed
from autoexp.objectives import Bound
from autoexp.policies import assess
from autoexp.protocols import Agent
from autoexp.records import Observation, Point, Source, Suggestion


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided, and what the replaying agent would have chosen.

    Parameters
    ----------
    suggestion_id, recorded
        The decision in the record.
    chosen
        The replaying agent's point; None where it had no more.
    """

    suggestion_id: str
    recorded: Point
    chosen: Point | None

    @property
    def same(self) -> bool:
        """Whether the two agree to the bit."""
        return self.recorded == self.chosen


@dataclass(frozen=True, slots=True)
class Replay:
    """The decisions of a run beside those of the replaying agent; print it."""

    uid: str
    choices: tuple[Choice, ...]

    @property
    def first_difference(self) -> Choice | None:
        """The first decision that is not reproduced; None if all are."""
        return next((choice for choice in self.choices if not choice.same), None)

    def __str__(self) -> str:
        first = self.first_difference
        same = sum(choice.same for choice in self.choices)
        head = f"run {self.uid}: {same} of {len(self.choices)} decisions reproduced to the bit"
        if first is None:
            return head
        points = f"{dict(first.recorded)} was measured, {first.chosen and dict(first.chosen)} chosen"
        return f"{head}; the first that differs is {first.suggestion_id!r}: {points}"


def replay(documents: Documents, agent: Agent, plausible: tuple[Bound, ...] = ()) -> Replay:
    """Take a run's decisions again.

    The agent learns what was learned, in the same portions, and is asked where it was asked; points of
    persons and retries are none of its decisions. A fresh agent with the settings of the record
    reproduces a run of ``think="inline"``.

    Parameters
    ----------
    documents
        Of the run, in the order in which they came; ``store.documents(uid)``.
    agent
        That has seen nothing yet.
    plausible
        As the Campaign had it.

    Raises
    ------
    StoreError, SpaceError
        If the run has no decisions, or not of these Dofs.
    """
    history = read_history(documents, agent.space)
    pending: dict[str, Suggestion] = {}
    choices = []
    for step in history.steps:
        for row in step.learned:
            pending.pop(row.suggestion_id or "", None)
        if step.learned:
            agent.ingest(tuple(assess(row, agent.objectives, plausible) for row in step.learned))
        if step.source in (Source.AGENT, Source.INITIAL):
            choices.append(_choose(agent, step, tuple(pending.values())))
        pending[step.suggestion_id] = Suggestion(step.suggestion_id, step.point)
    return Replay(history.uid, tuple(choices))


def _choose(agent: Agent, step: Step, pending: tuple[Suggestion, ...]) -> Choice:
    chosen = agent.suggest(1, pending)
    return Choice(step.suggestion_id, step.point, agent.space.check(chosen[0].point) if chosen else None)


def resume(documents: Documents, agent: Agent) -> Campaign:
    """Return a Campaign that knows what a run has measured.

    Points that were decided but never measured are asked first, where the agent's Space allows them. The
    new run should name the one that it continues, by
    ``adaptive_scan(detectors, resume(documents, agent), md={"continues": uid})``.

    Parameters
    ----------
    documents
        Of the run; ``store.documents(uid)``.
    agent
        That has seen nothing yet; its Space and objectives may differ from those of the run.

    Raises
    ------
    StoreError, SpaceError
        If the run has no decisions, or not of these Dofs.
    ObjectiveError
        If the run did not measure what the agent wants.
    """
    history = read_history(documents, agent.space)
    _check_objectives(agent, history.observations)
    campaign = Campaign(agent)
    campaign.ingest([_unasked(row) for row in history.observations])
    for step in history.unanswered:
        with suppress(PointError):
            campaign.propose(step.point)
    return campaign


def _unasked(row: Observation) -> Observation:
    return Observation(row.point, row.values, row.sigmas, None, row.time, row.status, row.reason)


def _check_objectives(agent: Agent, observations: tuple[Observation, ...]) -> None:
    fields = dict.fromkeys(name for row in observations for name in row.values)
    for objective in agent.objectives:
        if fields and objective.name not in fields:
            raise ObjectiveError(f"an objective must be in what was measured, {listed(fields)}, got {objective.name!r}")
