"""Readables that put a Campaign's own facts into events."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from autoexp.campaign import Decision
from autoexp.plain import digest
from autoexp.records import Source, Suggestion
from autoexp.space import Space

Field = tuple[str, str, str]
"""Name, event-model dtype, unit."""

_BLANK: Mapping[str, Any] = {"string": "", "number": float("nan"), "integer": 0, "boolean": False}


class Note:
    """A Readable whose reading is what it was last told.

    Parameters
    ----------
    name
        Name of the device.
    fields
        Its fields.
    live
        Fields read afresh at each reading.
    """

    parent = None

    def __init__(
        self, name: str, fields: tuple[Field, ...], live: Mapping[str, Callable[[], Any]] | None = None
    ) -> None:
        self.name = name
        self._fields = fields
        self._live = dict(live or {})
        self._values: Mapping[str, Any] = self._blank()

    def _blank(self) -> dict[str, Any]:
        return {field: _BLANK[dtype] for field, dtype, _ in self._fields}

    def tell(self, **values: Any) -> None:
        """Replace the values of all fields; those that are not named become blank."""
        self._values = {**self._blank(), **values}

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the values, as event-model readings."""
        values = {**self._values, **{field: call() for field, call in self._live.items()}}
        return {field: {"value": values[field], "timestamp": time.time()} for field, _, _ in self._fields}

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return the data keys."""
        return {field: _data_key(self.name, dtype, unit) for field, dtype, unit in self._fields}

    def read_configuration(self) -> dict[str, Any]:
        """Return nothing: a note has no settings."""
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        """Return nothing: a note has no settings."""
        return {}


def _data_key(name: str, dtype: str, unit: str) -> dict[str, Any]:
    key: dict[str, Any] = {"source": f"autoexp:{name}", "dtype": dtype, "shape": []}
    return {**key, "units": unit} if unit else key


def _suggested(space: Space) -> tuple[Field, ...]:
    return tuple((f"suggested_{dof.name}", "string" if dof.categorical else "number", dof.unit) for dof in space.dofs)


def point_note(beam_time: Callable[[], float]) -> Note:
    """Return the Readable that links an event of ``primary`` to its suggestion."""
    fields: tuple[Field, ...] = (("suggestion_id", "string", ""), ("beam_time", "number", "s"))
    return Note("suggestion", fields, {"beam_time": beam_time})


def failure_note(space: Space, beam_time: Callable[[], float]) -> Note:
    """Return the Readable of the stream ``failures``."""
    fields: tuple[Field, ...] = (
        ("suggestion_id", "string", ""),
        ("reason", "string", ""),
        ("beam_time", "number", "s"),
        *_suggested(space),
    )
    return Note("failure", fields, {"beam_time": beam_time})


def decision_note(space: Space, objectives: tuple[Any, ...]) -> Note:
    """Return the Readable of the stream ``decisions``."""
    names = dict.fromkeys(objective.name for objective in objectives)
    predicted = tuple((f"{kind}_{name}", "number", "") for name in names for kind in ("mean", "sigma"))
    fields: tuple[Field, ...] = (
        ("suggestion_id", "string", ""),
        *_suggested(space),
        ("source", "string", ""),
        ("rule", "string", ""),
        *predicted,
        ("score", "number", ""),
        ("n_observations", "integer", ""),
        ("model", "string", ""),
        ("model_state", "string", ""),
        ("answered", "boolean", ""),
        ("thinking_time", "number", "s"),
        ("thinking_ahead_time", "number", "s"),
        ("dead_time", "number", "s"),
    )
    return Note("decision", fields)


def model_note() -> Note:
    """Return the Readable of the stream ``models``: a model state by its digest."""
    return Note("model_state", (("model_state", "string", ""), ("state", "string", "")))


def earlier_note() -> Note:
    """Return the Readable of the stream ``earlier``: what the agent knew before the run, and its state."""
    return Note("earlier", (("observations", "string", ""), ("agent_state", "string", "")))


def suggested(suggestion: Suggestion) -> dict[str, Any]:
    """Return the fields that say where a suggestion points."""
    return {f"suggested_{name}": value for name, value in suggestion.point.items()}


def decided(decision: Decision, suggestion: Suggestion, dead_time: float) -> dict[str, Any]:
    """Return the fields of a decision.

    Parameters
    ----------
    decision, suggestion
        What was decided, and which of its suggestions is meant.
    dead_time
        Seconds that the plan waited for it.
    """
    why = suggestion.why
    return {
        "suggestion_id": suggestion.id,
        **suggested(suggestion),
        "source": str(why.source),
        "rule": why.rule,
        **{f"mean_{name}": value for name, value in why.mean.items()},
        **{f"sigma_{name}": value for name, value in why.sigma.items()},
        "score": why.score,
        "n_observations": why.n_observations,
        "model": why.model,
        "model_state": digest(decision.model) if why.source in (Source.AGENT, Source.INITIAL) else "",
        "answered": decision.answered,
        "thinking_time": decision.thinking,
        "thinking_ahead_time": decision.thinking_ahead,
        "dead_time": dead_time,
    }
