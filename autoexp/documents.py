"""Event documents to Observations: the one way in which measurements reach a Campaign."""

import math
from collections.abc import Mapping
from typing import Any

from autoexp.records import Observation, Status, Value
from autoexp.space import Space

DECISIONS = "decisions"
"""Stream with one event per suggestion."""

FAILURES = "failures"
"""Stream with one event per measurement that gave no event of its own."""

MODELS = "models"
"""Stream with one event per model state that a decision rests on, each stored once."""

EARLIER = "earlier"
"""Stream with one event, if the agent knew something before the run began."""

_OWN = (DECISIONS, MODELS, EARLIER)

SIGMA = "_sigma"
"""What follows a field's name in the name of the field that holds its standard deviation."""


class Inbox:
    """Collects the events that answer suggestions, as Observations.

    Subscribe it to a RunEngine, or feed it a stored run's documents.

    Parameters
    ----------
    space
        The Dofs whose read-backs make an Observation's point.
    readbacks
        Dof name to the event field that holds its read-back position.
    """

    def __init__(self, space: Space, readbacks: Mapping[str, str]) -> None:
        self._space = space
        self._readbacks = readbacks
        self._descriptors: dict[str, Mapping[str, Any]] = {}
        self._events: dict[tuple[str, int], Mapping[str, Any]] = {}
        self.units: dict[str, str] = {}
        self.run = ""

    def __call__(self, name: str, document: Mapping[str, Any]) -> None:
        """Take one document."""
        if name == "start":
            self.run = str(document["uid"])
        elif name == "descriptor":
            self._descriptors[document["uid"]] = document
            if document["name"] not in _OWN:
                keys = document["data_keys"].items()
                self.units.update({field: key["units"] for field, key in keys if key.get("units")})
        elif name == "event":
            self._take(document)
        elif name == "event_page":
            for event in _events_of(document):
                self._take(event)

    def _take(self, event: Mapping[str, Any]) -> None:
        descriptor = self._descriptors.get(event["descriptor"])
        if descriptor is not None and descriptor["name"] not in _OWN and "suggestion_id" in event["data"]:
            self._events[(event["descriptor"], event["seq_num"])] = event

    def collect(self) -> list[Observation]:
        """Return what has come since the last call, oldest first.

        A point that was rewound and measured again counts once, as measured last.
        """
        events, self._events = list(self._events.values()), {}
        return [self._observation(event["data"]) for event in events]

    def _observation(self, data: Mapping[str, Any]) -> Observation:
        numbers = {name: float(value) for name, value in data.items() if _is_number(value)}
        sigmas = {name: numbers[name + SIGMA] for name in numbers if name + SIGMA in numbers}
        apart = {*self._readbacks.values(), *(name + SIGMA for name in sigmas), "beam_time"}
        values = {name: value for name, value in numbers.items() if name not in apart}
        reason = str(data.get("reason", ""))
        return Observation(
            point={dof.name: _position(data, self._readbacks[dof.name], dof.name) for dof in self._space.dofs},
            values=values,
            sigmas=sigmas,
            suggestion_id=data["suggestion_id"],
            time=float(data.get("beam_time", math.nan)),
            status=Status.FAILED if reason else Status.OK,
            reason=reason,
            run=self.run,
        )


def _position(data: Mapping[str, Any], readback: str, name: str) -> Value:
    value = data[readback] if readback in data else data[f"suggested_{name}"]
    return value if isinstance(value, str) else float(value)


def _is_number(value: Any) -> bool:
    return not isinstance(value, str) and getattr(value, "shape", ()) == () and not isinstance(value, list | tuple)


def _events_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "descriptor": page["descriptor"],
            "seq_num": seq_num,
            "data": {name: column[index] for name, column in page["data"].items()},
        }
        for index, seq_num in enumerate(page["seq_num"])
    ]
