"""A stored run's decisions taken again, by the agent that took them or by another."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from autoexp.data.history import History, Step, read_history
from autoexp.data.rebuild import other_agent, recorded_agent, recorded_plausible, recorded_settings
from autoexp.data.runs import Run, documents_of
from autoexp.plain import as_text, digest
from autoexp.policies import assess
from autoexp.protocols import Agent, Answers, Checkpoints, RecordsModels
from autoexp.records import Point, Suggestion


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided, and what the replaying agent would have chosen.

    Parameters
    ----------
    recorded
        The decision in the record.
    chosen
        The replaying agent's; None where it had no more points.
    recorded_state, state
        Digest of the model state that each rests on; empty without one.
    """

    recorded: Suggestion
    chosen: Suggestion | None
    recorded_state: str = ""
    state: str = ""

    @property
    def same(self) -> bool:
        """Whether the two points agree to the bit."""
        return self.chosen is not None and self.recorded.point == self.chosen.point

    @property
    def difference(self) -> str:
        """Which input of the decision differs, the first that does; empty if the points are the same."""
        if self.same:
            return ""
        if self.chosen is None:
            return "the replaying agent had no more points"
        was, now = self.recorded.why, self.chosen.why
        if was.n_observations != now.n_observations:
            return f"it rested on {was.n_observations} observations, the replay on {now.n_observations}"
        if was.rule != now.rule:
            return f"it was chosen by {was.rule!r}, in the replay by {now.rule!r}"
        if self.recorded_state != self.state:
            return f"it rested on model state {self.recorded_state!r}, the replay on {self.state!r}"
        if was.model != now.model:
            return f"from the same hyper-parameters but other values: model {was.model!r}, in the replay {now.model!r}"
        return "observations, rule and model are the same: only the search for the best point differs"


@dataclass(frozen=True, slots=True)
class Replay:
    """The decisions of a run beside those of the replaying agent; print it.

    Parameters
    ----------
    uid
        Of the run.
    agent
        What replayed, in words.
    choices
        One for each decision of the run's agent, oldest first.
    own
        Whether the recorded agent replayed, not another.
    versions
        What computes, where its version is not that of the record: name to then and now.
    """

    uid: str
    agent: str
    choices: tuple[Choice, ...]
    own: bool = True
    versions: Mapping[str, tuple[str, str]] | None = None

    @property
    def first_difference(self) -> Choice | None:
        """The first decision that is not reproduced; None if all are."""
        return next((choice for choice in self.choices if not choice.same), None)

    def __str__(self) -> str:
        same = sum(choice.same for choice in self.choices)
        verb = "reproduced to the bit" if self.own else "the same"
        lines = [f"run {self.uid}: {same} of {len(self.choices)} decisions {verb} by {self.agent}"]
        first = self.first_difference
        if first is not None:
            chosen = "nothing" if first.chosen is None else _written(first.chosen.point)
            point = f"{_written(first.recorded.point)} was decided, {chosen} chosen"
            lines.append(f"the first that differs is {first.recorded.id!r}: {point}; {first.difference}")
            moved = [f"{name} {then}, now {now}" for name, (then, now) in (self.versions or {}).items()]
            lines += [f"versions differ: {', '.join(moved)}"] if moved else []
        return "\n".join(lines)

    def table(self) -> str:
        """Return one line for each decision: what was decided, and what the replaying agent chose where it differs."""
        rows = [
            (choice.recorded.id, choice.recorded.why.rule, _written(choice.recorded.point)) for choice in self.choices
        ]
        widths = [max(map(len, column)) for column in zip(("decision", "rule", "decided"), *rows, strict=True)]
        lines = [_line(("decision", "rule", "decided"), widths, "chosen")]
        for row, choice in zip(rows, self.choices, strict=True):
            other = "nothing" if choice.chosen is None else _written(choice.chosen.point)
            lines.append(_line(row, widths, "the same" if choice.same else other))
        return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int], last: str) -> str:
    return "  ".join([*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)), last])


def _written(point: Point) -> str:
    return ", ".join(
        f"{name}={value if isinstance(value, str) else format(value, '.6g')}" for name, value in point.items()
    )


def replay(run: Run, agent: Agent | str | None = None, *, models: bool | None = None) -> Replay:
    """Take a run's decisions again.

    The agent learns what was learned, in the same portions, and is asked where it was asked; points of
    persons and retries are none of its decisions.

    Parameters
    ----------
    run
        Its documents, a run of databroker's, or a store and a uid.
    agent
        One that has seen nothing yet, or a registered name; by default the recorded agent is built anew
        from the record.
    models
        Whether to hand the recorded agent the model states of the record in place of fitting its own; by
        default only for a run that thought ahead, where the moment of a fit is an accident.

    Returns
    -------
        By the recorded agent every decision is the same to the bit, on the same kind of machine with the
        same versions and the same number of threads (``OMP_NUM_THREADS``), or with `models`; where it is not,
        `Replay.first_difference` says which input differed.

    Raises
    ------
    StoreError, SpaceError, PluginError
        If the run has no decisions, or not of these Dofs, or its agent cannot be rebuilt.
    """
    documents = documents_of(run)
    start = documents[0][1]
    settings = recorded_settings(start)
    taken = _agent(agent, start)
    history = read_history(documents, taken.space)
    own = _is_own(taken, settings)
    given = own and (settings["think"] == "ahead" if models is None else models)
    _begin(taken, history, own)
    choices = tuple(_choices(taken, history, own=own, given=given))
    name = f"the recorded {type(taken).__name__}" if own else type(taken).__name__
    return Replay(history.uid, name, choices, own, _moved(settings["versions"]))


def _agent(agent: Agent | str | None, start: Mapping[str, Any]) -> Agent:
    if agent is None:
        return recorded_agent(start)
    return other_agent(agent, start) if isinstance(agent, str) else agent


def _is_own(agent: Agent, settings: Mapping[str, Any]) -> bool:
    """Return whether `agent` is of the kind that took the decisions, with the same settings."""
    told: Mapping[str, Any] = getattr(agent, "settings", dict)()
    same = as_text(dict(told)) == as_text(settings["agent"]["settings"])
    return type(agent).__name__ == settings["agent"]["name"] and same


def _begin(agent: Agent, history: History, own: bool) -> None:
    """Teach an agent what the run's knew before it began."""
    if own and history.agent_state and isinstance(agent, Checkpoints):
        agent.restore(history.agent_state)
    elif history.earlier:
        agent.ingest(history.earlier)


def _choices(agent: Agent, history: History, *, own: bool, given: bool) -> list[Choice]:
    plausible = recorded_plausible(history.start)
    pending: dict[str, Suggestion] = {}
    choices = []
    for step in history.steps:
        for row in step.learned:
            pending.pop(row.suggestion_id or "", None)
        if step.learned:
            agent.ingest(tuple(assess(row, agent.objectives, plausible) for row in step.learned))
        if step.answered and own and not given and isinstance(agent, Answers):
            agent.best()
        if step.by_agent:
            choices.append(_choose(agent, step, history, tuple(pending.values()), given))
        pending[step.suggestion.id] = step.suggestion
    return choices


def _choose(agent: Agent, step: Step, history: History, pending: tuple[Suggestion, ...], given: bool) -> Choice:
    if given and step.model_state and isinstance(agent, RecordsModels):
        agent.use_model(history.models[step.model_state])
    found = agent.suggest(1, pending)
    chosen = [Suggestion(one.id, agent.space.check(one.point), one.why) for one in found]
    state = agent.model_state() if isinstance(agent, RecordsModels) else {}
    text = as_text(state) if state else ""
    return Choice(step.suggestion, chosen[0] if chosen else None, step.model_state, digest(text))


def _moved(versions: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    now = {name: version(name) for name in versions}
    return {name: (then, now[name]) for name, then in versions.items() if now[name] != then}
