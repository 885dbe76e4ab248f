"""Rules that say when a Campaign has what it came for."""

import math
from dataclasses import dataclass

from autoexp.campaign import Campaign, Rule
from autoexp.errors import AutoexpError
from autoexp.objectives import Maximize, Minimize, Objective, Target
from autoexp.records import Estimate, Status


@dataclass(frozen=True, slots=True)
class Points:
    """Stop after `count` measurements, failed ones included."""

    count: int

    def __post_init__(self) -> None:
        _require(self.count >= 1, "count must be 1 or more", self.count)

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop."""
        return len(campaign.observations) >= self.count


@dataclass(frozen=True, slots=True)
class BeamTime:
    """Stop after `seconds` of beam time."""

    seconds: float

    def __post_init__(self) -> None:
        _require(self.seconds > 0, "seconds must be positive", self.seconds)

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop."""
        return campaign.beam_time >= self.seconds


@dataclass(frozen=True, slots=True)
class Dose:
    """Stop when the field `name`, summed over all measurements, reaches `limit` (in the field's unit).

    The field is whatever measures the dose of one point: an exposure time, an ion-chamber sum.
    """

    name: str
    limit: float

    def __post_init__(self) -> None:
        _require(self.limit > 0, "limit must be positive", self.limit)

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop.

        Raises
        ------
        AutoexpError
            If measurements do not hold the field.
        """
        doses = [
            row.values.get(self.name, math.nan) for row in campaign.observations if row.status is not Status.FAILED
        ]
        _require(not any(math.isnan(dose) for dose in doses), f"every reading must hold {self.name!r}", doses)
        return sum(doses) >= self.limit


@dataclass(frozen=True, slots=True)
class TargetReached:
    """Stop when the agent believes that its best point is good enough.

    Parameters
    ----------
    threshold
        For `Maximize` at least, for `Minimize` at most this value; for `Target` the largest
        distance from the target. In the objective's unit.
    n_sigma
        How many posterior standard deviations the answer must be on the good side.
    """

    threshold: float
    n_sigma: float = 1.0

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop."""
        objective = campaign.objectives[0]
        if not any(row.status is Status.OK for row in campaign.observations):
            return False
        best = campaign.best()
        margin = self.n_sigma * best.sigma[objective.name]
        return cost_of(objective, best) + margin <= (
            -self.threshold if isinstance(objective, Maximize) else self.threshold
        )


@dataclass(frozen=True, slots=True)
class Converged:
    """Stop when the answer has not improved by more than `tolerance` over the last `window` points.

    Parameters
    ----------
    tolerance
        In the objective's unit.
    window
        Number of measurements without such an improvement.
    """

    tolerance: float
    window: int = 10

    def __post_init__(self) -> None:
        _require(self.tolerance >= 0, "tolerance must be zero or more", self.tolerance)
        _require(self.window >= 1, "window must be 1 or more", self.window)

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop."""
        if not any(row.status is Status.OK for row in campaign.observations):
            return False
        objective = campaign.objectives[0]
        now = cost_of(objective, campaign.best())
        before = len(campaign.observations) - self.window
        earlier = [cost_of(objective, best) for count, best in campaign.estimates.items() if count <= before]
        return bool(earlier) and min(earlier) - now <= self.tolerance


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Stop when one of `rules` says so."""

    rules: tuple[Rule, ...]

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop."""
        return any(rule(campaign) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Stop when all of `rules` say so."""

    rules: tuple[Rule, ...]

    def __call__(self, campaign: Campaign) -> bool:
        """Return whether it is time to stop."""
        return all(rule(campaign) for rule in self.rules)


def cost_of(objective: Objective, estimate: Estimate) -> float:
    """Return how far an answer is from what is wanted: lower is better, in the objective's unit.

    Raises
    ------
    AutoexpError
        If the objective has no single best point.
    """
    mean = estimate.mean[objective.name]
    if isinstance(objective, Maximize):
        return -mean
    if isinstance(objective, Minimize):
        return mean
    if isinstance(objective, Target):
        return abs(mean - objective.value)
    raise AutoexpError(f"the objective must be to maximize, minimize or hit a target, got {objective!r}")


def _require(met: bool, rule: str, value: object) -> None:
    if not met:
        raise AutoexpError(f"{rule}, got {value}")
