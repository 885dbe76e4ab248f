"""A Scene made from what was measured before: a past experiment, replayed with another strategy."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.spatial import QhullError, cKDTree
from torch import Tensor

from autoexp.beamline import Beamline
from autoexp.dofs import Dof
from autoexp.errors import SpaceError, listed
from autoexp.flags import Flags
from autoexp.objectives import Objective
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.space import Space
from autoexp_simulators.assembly import assemble
from autoexp_simulators.dice import Dice
from autoexp_simulators.noise import Sensor
from autoexp_simulators.specs import DetectorSpec, MotorSpec

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]
Between = Literal["pool", "linear"]

_LEVELS = 2.0**31
_MARGIN = 8.0


@dataclass(frozen=True)
class TableScene:
    """Measured points and values.

    Parameters
    ----------
    names
        Of the Dofs.
    points, values
        What was measured, shapes ``(n, d)`` and ``(n,)``.
    field, unit
        Of the values; in events the field is called ``table_<field>``.
    sigma
        Standard deviation of the noise that is added to a value when it is measured again.
    between
        ``"pool"``: only the measured points can be measured; every position gives the value of the nearest.
        ``"linear"``: linear in simplices between them (Delaunay), and the nearest value outside their hull.

    Raises
    ------
    SpaceError
        If `sigma` is negative or not finite, there is no such `between`, or points are to be linear between but lie
        on a line or in a plane of fewer dimensions than there are Dofs.

    Notes
    -----
    The values in the table pass for the truth, the noise that they were measured with included.
    """

    names: tuple[str, ...]
    points: FloatArray
    values: FloatArray
    field: str
    unit: str = ""
    sigma: float = 0.0
    between: Between = "pool"

    def __post_init__(self) -> None:
        if not 0 <= self.sigma < math.inf:
            raise SpaceError(f"sigma must be zero or more, got {self.sigma}")
        if self.between not in get_args(Between):
            raise SpaceError(f"between must be one of {listed(get_args(Between))}, got {self.between!r}")
        if self.between == "linear" and len(self.names) > 1:
            self._check_simplices()

    def _check_simplices(self) -> None:
        try:
            self._linear  # noqa: B018
        except QhullError as error:
            raise SpaceError(
                f"points must span all of {listed(self.names)} for between='linear', got {len(self.points)} of rank "
                f"{np.linalg.matrix_rank((self.points - self.points.mean(0)) / self._span)}"
            ) from error

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``table_<field>`` at ``n`` points of the Dofs, shape ``(n,)``."""
        at = np.column_stack([np.asarray(points[name], dtype=float).reshape(-1) for name in self.names])
        return {f"table_{self.field}": self._values_at(at)}

    def _values_at(self, at: FloatArray) -> FloatArray:
        scaled = at / self._span
        if self.between == "pool":
            return np.asarray(self.values[self._tree.query(scaled)[1]])
        if len(self.names) == 1:
            order = np.argsort(self.points[:, 0])
            return np.asarray(np.interp(at[:, 0], self.points[order, 0], self.values[order]))
        inside = self._linear(scaled)
        return np.asarray(np.where(np.isnan(inside), self._nearest(scaled), inside))

    @cached_property
    def _span(self) -> FloatArray:
        span = np.ptp(self.points, axis=0)
        return np.where(span > 0, span, 1.0)

    @cached_property
    def _tree(self) -> Any:
        return cKDTree(self.points / self._span)

    @cached_property
    def _linear(self) -> Any:
        return LinearNDInterpolator(self.points / self._span, self.values)

    @cached_property
    def _nearest(self) -> Any:
        return NearestNDInterpolator(self.points / self._span, self.values)

    def truth(self) -> "xr.Dataset":
        """Return the table."""
        import xarray as xr

        columns = {name: ("row", self.points[:, index]) for index, name in enumerate(self.names)}
        return xr.Dataset({self.field: ("row", self.values, {"units": self.unit})}, columns)

    def space(self, dofs: Iterable[Dof]) -> Space:
        """Return where there is something to measure: the pool of measured points, or everything between."""
        if self.between != "pool":
            return Space(dofs)
        return Space(dofs, pool={name: self.points[:, index] for index, name in enumerate(self.names)})

    @property
    def base(self) -> float:
        """The value of a dark frame."""
        return float(self.values.min()) - _MARGIN * self.sigma

    @property
    def step(self) -> float:
        """The value of one digital unit."""
        span = float(np.ptp(self.values)) + 2.0 * _MARGIN * self.sigma
        return (span or 1.0) / _LEVELS

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the values as frames of one pixel, in digital units."""
        at = {name: positions[name].cpu().numpy() for name in self.names}
        values = self.expected(at)[f"table_{self.field}"]
        levels = torch.as_tensor((values - self.base) / self.step, dtype=torch.float64)
        return levels.reshape(-1, 1, 1).to(positions[self.names[0]].device)


@dataclass(frozen=True, slots=True)
class TableSensor(Sensor):
    """A detector that counts no photons but adds normal noise.

    Parameters
    ----------
    noise
        Standard deviation in digital units.
    """

    noise: float = 0.0

    def frames(self, photons: Tensor, exposure: float, dice: Dice) -> Tensor:
        """Return frames in digital units."""
        noisy = photons.double() + self.noise * dice.normal(*photons.shape).double()
        return noisy.round_().clamp_(0, self.saturation).to(self.dtype)


@dataclass(frozen=True, slots=True)
class TableValue:
    """A reducer that reads the value back from the frame."""

    field: str
    unit: str
    base: float
    step: float
    sigma: float

    def init(self, spec: FrameSpec) -> tuple[Tensor, ...]:
        """Return the state before any frame."""
        return ()

    def update(self, state: tuple[Tensor, ...], frames: Tensor | Frames, meta: FrameMeta) -> tuple[Tensor, ...]:
        """Return the state after a batch of frames, shape ``(n, 1, 1)``."""
        values = frames.values if isinstance(frames, Frames) else frames
        return (*state, values.double().reshape(-1))

    def read(self, state: tuple[Tensor, ...]) -> Mapping[str, Reduced]:
        """Return the mean of the frames' values."""
        if not state:
            return {self.field: number(np.nan, np.nan, self.unit, 0, Flags.NO_FRAMES)}
        levels = torch.cat(state)
        value = self.base + self.step * float(levels.mean())
        return {self.field: number(value, self.sigma / len(levels) ** 0.5, self.unit, len(levels), Flags.NONE)}


def table_beamline(
    table: Any,
    dofs: Sequence[Dof],
    objective: Objective,
    *,
    sigma: float = 0.0,
    between: Between = "pool",
    exposure: float = 0.1,
    seed: int = 0,
    speed: float | None = None,
) -> Beamline:
    """Return a beamline on which a past experiment can be measured again.

    Parameters
    ----------
    table
        An `xarray.Dataset` or a pandas table with a column for each Dof and one for the objective; rows with
        a NaN are left out.
    dofs
        Degrees of freedom by name, with range, unit and what their moves cost.
    objective
        What is wanted of one column; in events the column is called ``table_<column>``.
    sigma
        Noise of a new measurement, in the column's unit.
    between
        Whether only the measured points can be measured (``"pool"``) or all between them (``"linear"``).
    exposure
        Seconds per measurement.
    seed, speed
        Of the noise; beamline seconds per second, None for no wall time.

    Raises
    ------
    SpaceError
        If a column is missing, no row is complete, or a setting is none that `TableScene` takes.
    """
    names = tuple(dof.name for dof in dofs)
    columns, unit = _columns(table, [*names, objective.name])
    scene = TableScene(names, columns[:, :-1], columns[:, -1], objective.name, unit, sigma, between)
    detector = DetectorSpec(
        "recorder",
        (1, 1),
        scene.photons,
        TableValue(objective.name, unit, scene.base, scene.step, sigma),
        "table",
        exposure=exposure,
        overhead=0.0,
        sensor=TableSensor(noise=sigma / scene.step),
    )
    return assemble(
        "table",
        scene,
        motors=[_motor(dof) for dof in dofs],
        detectors=[detector],
        objectives=[replace(objective, name=f"table_{objective.name}")],
        seed=seed,
        speed=speed,
    )


def _columns(table: Any, names: Sequence[str]) -> tuple[FloatArray, str]:
    """Return the complete rows, shape ``(n, len(names))``, and the unit of the last column."""
    flat = table.to_dataframe().reset_index() if hasattr(table, "to_dataframe") else table
    missing = [name for name in names if name not in flat]
    if missing:
        raise SpaceError(f"a table must have the columns {listed(names)}, got none for {listed(missing)}")
    columns = np.column_stack([np.asarray(flat[name], dtype=float) for name in names])
    columns = columns[np.isfinite(columns).all(axis=1)]
    if not len(columns):
        raise SpaceError(f"a table needs a complete row of {listed(names)}, got none")
    return columns, str(table[names[-1]].attrs.get("units", ""))


def _motor(dof: Dof) -> MotorSpec:
    low, high = dof.limits
    speed = dof.speed if np.isfinite(dof.speed) else 1e9 * (high - low)
    return MotorSpec(dof.name, (low, high), dof.unit, speed, dof.acceleration, dof.settle, start=low)
