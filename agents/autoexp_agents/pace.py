"""Gains that count per second."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.protocols import Seconds
from autoexp.records import Point, Suggestion
from autoexp.space import Space
from autoexp_agents.memory import Memory


@dataclass(frozen=True, slots=True)
class Travel:
    """What a point costs: the travel that the Space tells of, and an exposure.

    Parameters
    ----------
    space
        Where.
    exposure
        Seconds beside travel.
    """

    space: Space
    exposure: float

    def __call__(self, at: Point | None, unit: FloatArray) -> FloatArray:
        """Return what ``(m, d)`` points of the unit cube cost from where the devices are, shape ``(m,)``."""
        if at is None:
            return np.full(len(unit), self.exposure)
        return self.exposure + self.space.travel_times(at, self.space.positions(unit))


class Paced:
    """What agents share whose gain can count per second; see `autoexp.protocols.CountsSeconds`."""

    _seconds: Seconds | None = None
    _memory: Memory

    def _signed(self) -> str:
        """Return the name of the score where it may be negative, so that no cost can divide it; else nothing."""
        return ""

    def per_second(self, seconds: Seconds) -> None:
        """Divide gains by `seconds` from now on.

        Raises
        ------
        ObjectiveError
            If the score is no gain, for it may be negative.
        """
        if rule := self._signed():
            raise ObjectiveError(f"only a gain, which is never negative, can count per second, got {rule!r}")
        self._seconds = seconds

    def _paced(self, rule: str) -> str:
        """Return the name of a rule in the record."""
        return rule if self._seconds is None else f"{rule} per second"

    def _log_seconds(self, unit: FloatArray, pending: Sequence[Suggestion]) -> FloatArray | float:
        """Return the log of what ``(m, d)`` points cost from where the devices will be; zero where it does not count.

        Raises
        ------
        ObjectiveError
            If a cost is not positive.
        """
        if self._seconds is None:
            return 0.0
        stops = [row.point for row in self._memory.observations[-1:]] + [row.point for row in pending]
        costs = self._seconds(stops[-1] if stops else None, unit)
        bad = ~(np.isfinite(costs) & (costs > 0))
        if bad.any():
            raise ObjectiveError(f"seconds must be positive, got {costs[bad][0]}")
        return np.asarray(np.log(costs))
