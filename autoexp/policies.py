"""What a Campaign does about measurements that failed or cannot be believed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from autoexp.errors import ObjectiveError
from autoexp.flags import FLAGS, UNBELIEVABLE, Flags
from autoexp.objectives import Bound, Objective
from autoexp.records import Observation, Status


class OnFailure(StrEnum):
    """What follows a failed measurement."""

    RETRY = "retry"
    SKIP = "skip"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """What follows a failed measurement.

    Parameters
    ----------
    action
        ``"retry"`` the point, ``"skip"`` it, or ``"stop"`` the campaign.
    times
        How often a point is retried before it is skipped.
    """

    action: OnFailure = OnFailure.RETRY
    times: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "action", OnFailure(self.action))
        if self.times < 1:
            raise ObjectiveError(f"times must be 1 or more, got {self.times}")


def assess(observation: Observation, objectives: Sequence[Objective], plausible: Sequence[Bound]) -> Observation:
    """Return `observation` with the status that it deserves.

    A value that an objective needs and that is missing or not finite makes it failed. One outside its
    `plausible` bound, or flagged `UNBELIEVABLE` by the reducer that made it, makes it suspect. A sigma
    that is not a finite positive number is dropped.
    """
    sigmas = {name: sigma for name, sigma in observation.sigmas.items() if math.isfinite(sigma) and sigma > 0}
    assessed = replace(observation, sigmas=sigmas)
    if observation.status is not Status.OK:
        return assessed
    for objective in objectives:
        value = observation.values.get(objective.name, math.nan)
        if not math.isfinite(value):
            return replace(assessed, status=Status.FAILED, reason=f"{objective.name!r} must be finite, got {value}")
    for bound in plausible:
        value = observation.values.get(bound.name, math.nan)
        if not bound.low <= value <= bound.high:
            reason = f"{bound.name!r} must lie in {bound.low} to {bound.high} to be plausible, got {value}"
            return replace(assessed, status=Status.SUSPECT, reason=reason)
    flagged = [reason for objective in objectives if (reason := _flagged(objective.name, observation.values))]
    return replace(assessed, status=Status.SUSPECT, reason=flagged[0]) if flagged else assessed


def _flagged(field: str, values: Mapping[str, float]) -> str:
    """Return why the reducer of a field would not have it believed; empty where it says nothing."""
    for name, value in values.items():
        of_this = name.endswith(FLAGS) and field.startswith(name.removesuffix(FLAGS) + "_")
        if of_this and math.isfinite(value) and Flags(int(value)) & UNBELIEVABLE:
            return f"{field!r} must not be flagged, got {Flags(int(value))!r} in {name!r}"
    return ""
