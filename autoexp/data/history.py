"""A stored run as what its agent saw and decided, in order."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autoexp.data.rebuild import recorded_settings
from autoexp.data.runs import Pair, Run, documents_of
from autoexp.documents import DECISIONS, EARLIER, MODELS, Inbox
from autoexp.errors import SpaceError, listed
from autoexp.objectives import Objective
from autoexp.plain import restored
from autoexp.records import Observation, Point, Source, Suggestion, Value, Why
from autoexp.space import Space


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of a stored run.

    Parameters
    ----------
    learned
        The observations that came since the decision before.
    suggestion
        What was decided, and why.
    model_state
        Digest of the model state that the decision rests on; empty without one.
    answered
        Whether the agent was asked for its answer before it chose.
    thinking, thinking_ahead, dead
        Seconds of deciding, of thinking beside the critical path, and of the plan's waiting.
    """

    learned: tuple[Observation, ...]
    suggestion: Suggestion
    model_state: str = ""
    answered: bool = False
    thinking: float = math.nan
    thinking_ahead: float = math.nan
    dead: float = math.nan

    @property
    def by_agent(self) -> bool:
        """Whether the agent chose the point: no person, no retry."""
        return self.suggestion.why.source in (Source.AGENT, Source.INITIAL)


@dataclass(frozen=True, slots=True)
class History:
    """All decisions of a stored run.

    Parameters
    ----------
    start
        The start document.
    earlier
        What the agent knew before the run.
    agent_state
        The agent's state when the run began; empty where it was fresh.
    steps
        The decisions, oldest first.
    rest
        The observations that came after the last decision.
    models
        Digest to model state.
    """

    start: Mapping[str, Any]
    earlier: tuple[Observation, ...]
    agent_state: Mapping[str, Any]
    steps: tuple[Step, ...]
    rest: tuple[Observation, ...]
    models: Mapping[str, Mapping[str, Any]]

    @property
    def uid(self) -> str:
        """Of the run."""
        return str(self.start["uid"])

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Everything that was measured in the run, oldest first."""
        return (*(row for step in self.steps for row in step.learned), *self.rest)

    @property
    def unanswered(self) -> tuple[Step, ...]:
        """The decisions whose points were never measured."""
        answered = {row.suggestion_id for row in self.observations}
        return tuple(step for step in self.steps if step.suggestion.id not in answered)


def read_history(run: Run, space: Space) -> History:
    """Return what a run measured and decided.

    Parameters
    ----------
    run
        Its documents, a run of databroker's, or a store and a uid.
    space
        Its Dofs must be among those of the run.

    Raises
    ------
    StoreError
        If no agent chose the points of the run.
    SpaceError
        If the run did not read back one of the Dofs, or in another unit.
    """
    documents = documents_of(run)
    start = documents[0][1]
    settings = recorded_settings(start)
    check_dofs(space, start)
    inbox = Inbox(space, settings["readbacks"])
    streams = {document["uid"]: document["name"] for name, document in documents if name == "descriptor"}
    names = tuple(dict.fromkeys(row["name"] for row in settings["objectives"]))
    steps = tuple(_steps(documents, inbox, streams, space, names))
    told = _data_of(documents, streams, EARLIER)
    models = {row["model_state"]: json.loads(row["state"]) for row in _data_of(documents, streams, MODELS)}
    earlier = tuple(restored(row) for row in json.loads(told[0]["observations"])) if told else ()
    state = json.loads(told[0]["agent_state"] or "{}") if told else {}
    return History(start, earlier, state, steps, tuple(inbox.collect()), models)


def check_dofs(space: Space, start: Mapping[str, Any]) -> None:
    """Refuse a Space whose Dofs the run did not have.

    Raises
    ------
    SpaceError
        If the run did not read back one of the Dofs, or in another unit.
    """
    settings = recorded_settings(start)
    missing = [dof.name for dof in space.dofs if dof.name not in settings["readbacks"]]
    if missing:
        raise SpaceError(
            f"a Dof must be among those of the run, {listed(settings['readbacks'])}, got {listed(missing)}"
        )
    units = {row["name"]: row["unit"] for row in settings["space"]}
    for dof in space.dofs:
        if dof.unit != units.get(dof.name, dof.unit):
            unit = units[dof.name]
            raise SpaceError(f"a Dof must have the unit of the run, {unit!r}, got {dof.unit!r} for {dof.name!r}")


def check_fields(objectives: tuple[Objective, ...], observations: tuple[Observation, ...]) -> str:
    """Return why `objectives` cannot be computed from what was measured; empty if they can."""
    fields = dict.fromkeys(name for row in observations for name in row.values)
    for objective in objectives:
        if fields and objective.name not in fields:
            return f"an objective must be in what was measured, {listed(fields)}, got {objective.name!r}"
    return ""


def _data_of(documents: list[Pair], streams: Mapping[str, str], stream: str) -> list[Mapping[str, Any]]:
    events = [document for name, document in documents if name == "event"]
    return [document["data"] for document in events if streams[document["descriptor"]] == stream]


def _steps(
    documents: list[Pair], inbox: Inbox, streams: Mapping[str, str], space: Space, names: tuple[str, ...]
) -> Iterator[Step]:
    seen = set[str]()
    for name, document in documents:
        inbox(name, document)
        if name != "event" or streams[document["descriptor"]] != DECISIONS:
            continue
        data = document["data"]
        if data["suggestion_id"] not in seen:
            seen.add(data["suggestion_id"])
            yield _step(tuple(inbox.collect()), data, space, names)


def _step(learned: tuple[Observation, ...], data: Mapping[str, Any], space: Space, names: tuple[str, ...]) -> Step:
    point: Point = {dof.name: _coordinate(data[f"suggested_{dof.name}"]) for dof in space.dofs}
    predicted = [name for name in names if math.isfinite(data[f"mean_{name}"])]
    why = Why(
        Source(data["source"]),
        data["rule"],
        {name: float(data[f"mean_{name}"]) for name in predicted},
        {name: float(data[f"sigma_{name}"]) for name in predicted},
        float(data["score"]),
        int(data["n_observations"]),
        data["model"],
    )
    return Step(
        learned,
        Suggestion(data["suggestion_id"], point, why),
        data.get("model_state", ""),
        bool(data.get("answered", False)),
        *(float(data.get(name, math.nan)) for name in ("thinking_time", "thinking_ahead_time", "dead_time")),
    )


def _coordinate(value: Any) -> Value:
    return value if isinstance(value, str) else float(value)
