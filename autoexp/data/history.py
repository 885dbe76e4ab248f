"""A stored run as what its agent saw and decided, in order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autoexp.documents import DECISIONS, Inbox
from autoexp.errors import SpaceError, StoreError, listed
from autoexp.records import Observation, Point, Source, Value
from autoexp.space import Space

Documents = Iterable[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of a stored run.

    Parameters
    ----------
    learned
        The observations that came since the decision before.
    suggestion_id, point, source
        What was decided, and who proposed it.
    """

    learned: tuple[Observation, ...]
    suggestion_id: str
    point: Point
    source: Source


@dataclass(frozen=True, slots=True)
class History:
    """All decisions of a stored run.

    Parameters
    ----------
    uid
        Of the run.
    steps
        Its decisions, oldest first.
    rest
        The observations that came after the last decision.
    """

    uid: str
    steps: tuple[Step, ...]
    rest: tuple[Observation, ...]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Everything that was measured, oldest first."""
        return (*(row for step in self.steps for row in step.learned), *self.rest)

    @property
    def unanswered(self) -> tuple[Step, ...]:
        """The decisions whose points were never measured."""
        answered = {row.suggestion_id for row in self.observations}
        return tuple(step for step in self.steps if step.suggestion_id not in answered)


def read_history(documents: Documents, space: Space) -> History:
    """Return what a run measured and decided, from its documents.

    Parameters
    ----------
    documents
        Of one run, in the order in which they came.
    space
        Its Dofs must be among those of the run.

    Raises
    ------
    StoreError
        If no agent chose the points of the run.
    SpaceError
        If the run did not read back one of the Dofs.
    """
    items = iter(documents)
    name, start = next(items, ("nothing", {}))
    settings = start.get("autoexp")
    if name != "start" or settings is None:
        raise StoreError(f"a run must begin with the start document of an adaptive scan, got {name!r} without one")
    missing = [dof.name for dof in space.dofs if dof.name not in settings["readbacks"]]
    if missing:
        raise SpaceError(
            f"a Dof must be among those of the run, {listed(settings['readbacks'])}, got {listed(missing)}"
        )
    inbox = Inbox(space, settings["readbacks"])
    steps = tuple(_steps(items, inbox, space))
    return History(str(start["uid"]), steps, tuple(inbox.collect()))


def _steps(items: Iterator[tuple[str, Mapping[str, Any]]], inbox: Inbox, space: Space) -> Iterator[Step]:
    decisions, seen = set(), set()
    for name, document in items:
        inbox(name, document)
        if name == "descriptor" and document["name"] == DECISIONS:
            decisions.add(document["uid"])
        if name != "event" or document["descriptor"] not in decisions:
            continue
        data = document["data"]
        if data["suggestion_id"] not in seen:
            seen.add(data["suggestion_id"])
            point = {dof.name: _coordinate(data[f"suggested_{dof.name}"]) for dof in space.dofs}
            yield Step(tuple(inbox.collect()), data["suggestion_id"], point, Source(data["source"]))


def _coordinate(value: Any) -> Value:
    return value if isinstance(value, str) else float(value)
