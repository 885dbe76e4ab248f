"""What a finished scan leaves for a goal to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autoexp.beamline import Beamline
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError
from autoexp.objectives import Bound, Objective
from autoexp.records import Observation, Point, Status
from autoexp.space import Space

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A scan on a beamline whose truth is known.

    Parameters
    ----------
    beamline
        Where it took place; its Scene knows the truth.
    space
        Where the agent was allowed to measure.
    observations
        What was measured, oldest first.
    answer
        The agent's own answer at the end; None where it gives none.
    """

    beamline: Beamline
    space: Space
    observations: tuple[Observation, ...]
    answer: Point | None = None

    @property
    def objective(self) -> Objective:
        """The first objective that is not a Bound."""
        return wanted(self.beamline)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What must hold."""
        return tuple(objective for objective in self.beamline.objectives if isinstance(objective, Bound))

    def truth(self, points: Sequence[Point]) -> FloatArray:
        """Return the noise-free values of the objective's field at ``n`` points, shape ``(n,)``.

        Raises
        ------
        AutoexpError
            If the Scene does not tell the field's values.
        """
        fields = self.beamline.scene.expected(self.space.columns(points))
        if self.objective.name not in fields:
            raise AutoexpError(f"the Scene must tell {self.objective.name!r}, got {sorted(fields)}")
        return np.asarray(fields[self.objective.name], dtype=float).reshape(-1)

    def keeps_bounds(self, points: Sequence[Point]) -> BoolArray:
        """Return where the true values satisfy every Bound on a field that the Scene tells, shape ``(n,)``."""
        fields = self.beamline.scene.expected(self.space.columns(points))
        return self._within(
            {name: np.asarray(values, dtype=float).reshape(-1) for name, values in fields.items()}, len(points)
        )

    def measured_within(self) -> BoolArray:
        """Return which observations satisfied every Bound on a field that they hold, shape ``(n,)``."""
        names = {bound.name for bound in self.bounds}
        rows = {name: np.array([row.values.get(name, np.nan) for row in self.observations], float) for name in names}
        return self._within(rows, len(self.observations))

    def _within(self, fields: Mapping[str, FloatArray], count: int) -> BoolArray:
        kept = np.ones(count, dtype=bool)
        for bound in self.bounds:
            if bound.name in fields:
                kept &= (fields[bound.name] >= bound.low) & (fields[bound.name] <= bound.high)
        return kept

    def measured(self) -> FloatArray:
        """Return the objective's measured value of each observation, shape ``(n,)``; NaN where it is not OK."""
        name = self.objective.name
        return np.array(
            [row.values.get(name, np.nan) if row.status is Status.OK else np.nan for row in self.observations],
            dtype=float,
        )


def wanted(beamline: Beamline) -> Objective:
    """Return a beamline's first objective that is not a Bound."""
    return next(objective for objective in beamline.objectives if not isinstance(objective, Bound))
