"""What passes between the rooms of the house: frozen records, never dicts with magic keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = float | int | str
"""One coordinate of a point: a position in the Dof's unit, or one of its choices."""

Point = Mapping[str, Value]
"""Dof name to coordinate."""


class Status(StrEnum):
    """What became of a measurement."""

    OK = "ok"
    FAILED = "failed"
    SUSPECT = "suspect"


class Source(StrEnum):
    """Who proposed a point."""

    AGENT = "agent"
    INITIAL = "initial design"
    PERSON = "person"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons of a suggestion, as they stood when it was made.

    Parameters
    ----------
    source
        Who proposed the point.
    rule
        The rule that chose it, for example ``"LogEI"`` or ``"sobol"``.
    mean, sigma
        Predicted value of each objective at the point and its standard deviation, in the
        objective's unit; empty where nothing was predicted.
    score
        Acquisition value at the point; NaN where the rule has none.
    n_observations
        Number of observations that the decision used.
    model
        Digest of the model state that it used; empty where there is no model.
    """

    source: Source = Source.AGENT
    rule: str = ""
    mean: Mapping[str, float] = field(default_factory=dict)
    sigma: Mapping[str, float] = field(default_factory=dict)
    score: float = float("nan")
    n_observations: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A point to measure, with its identity and its reasons.

    Parameters
    ----------
    id
        Unique within a Campaign.
    point
        Where to measure, in the Dofs' units.
    why
        The reasons.
    """

    id: str
    point: Point
    why: Why = field(default_factory=Why)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was measured, where it was really measured, and what became of it.

    Parameters
    ----------
    point
        Read-back position of every Dof, in its unit.
    values
        Measured value of each field, in the field's unit.
    sigmas
        Standard deviation of each value that has one.
    suggestion_id
        The suggestion that it answers; None for a point that nobody suggested.
    time
        Seconds since the epoch, as in the event document.
    status
        ``OK``, ``FAILED`` (no usable value) or ``SUSPECT`` (a value that should not be believed).
    reason
        Why it is failed or suspect.
    run
        Uid of the run that it was measured in; empty where no run tells.
    """

    point: Point
    values: Mapping[str, float]
    sigmas: Mapping[str, float] = field(default_factory=dict)
    suggestion_id: str | None = None
    time: float = 0.0
    status: Status = Status.OK
    reason: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The agent's answer: a point and what its model believes there.

    Parameters
    ----------
    point
        Where, in the Dofs' units.
    mean, sigma
        Posterior mean and standard deviation of each objective there, in the objective's unit.
    """

    point: Point
    mean: Mapping[str, float]
    sigma: Mapping[str, float]
