"""What is wanted of a measured value."""

import math
from dataclasses import dataclass

from autoexp.errors import ObjectiveError


@dataclass(frozen=True, slots=True)
class Maximize:
    """Find where the field `name` is largest."""

    name: str


@dataclass(frozen=True, slots=True)
class Minimize:
    """Find where the field `name` is smallest."""

    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """Find where the field `name` comes closest to `value` (in the field's unit)."""

    name: str
    value: float

    def __post_init__(self) -> None:
        _require_finite("value", self.value, self.name)


@dataclass(frozen=True, slots=True)
class Explore:
    """Learn the field `name` everywhere in the Space."""

    name: str


@dataclass(frozen=True, slots=True)
class Contour:
    """Find where the field `name` crosses `level` (in the field's unit)."""

    name: str
    level: float

    def __post_init__(self) -> None:
        _require_finite("level", self.level, self.name)


@dataclass(frozen=True, slots=True)
class Classify:
    """Learn where in the Space each class of the field `name` lies."""

    name: str


@dataclass(frozen=True, slots=True)
class Bound:
    """The field `name` must stay between `low` and `high` (in the field's unit)."""

    name: str
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ObjectiveError(f"low must be below high, got low={self.low}, high={self.high} for {self.name!r}")
        if math.isinf(self.low) and math.isinf(self.high):
            raise ObjectiveError(f"a Bound needs low or high, got neither for {self.name!r}")


Objective = Maximize | Minimize | Target | Explore | Contour | Classify | Bound


def _require_finite(rule: str, value: float, name: str) -> None:
    if not math.isfinite(value):
        raise ObjectiveError(f"{rule} must be finite, got {value} for {name!r}")


def as_objectives(objectives: "Objective | tuple[Objective, ...] | list[Objective]") -> tuple[Objective, ...]:
    """Return `objectives` as a tuple with at least one thing wanted.

    Raises
    ------
    ObjectiveError
        If there is none, or a field is wanted twice.
    """
    found = tuple(objectives) if isinstance(objectives, tuple | list) else (objectives,)
    wanted = [objective.name for objective in found if not isinstance(objective, Bound)]
    if not wanted:
        raise ObjectiveError(f"at least one objective other than a Bound is needed, got {found!r}")
    for name in wanted:
        if wanted.count(name) > 1:
            raise ObjectiveError(f"each field may be wanted once, got {name!r} {wanted.count(name)} times")
    return found
