"""One degree of freedom: a movable, its range or choices, its unit, what a move costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import PointError, SpaceError
from autoexp.records import Value

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Dof:
    """One degree of freedom.

    Parameters
    ----------
    movable
        The device to move (anything with a ``name``), or only its name where nothing moves, as in
        a simulation without devices.
    low, high
        The range, inclusive, in `unit`.
    unit
        Unit of the positions, as pint writes it, for example ``"mm"``.
    integer
        Whether only whole numbers are positions.
    choices
        The positions there are, in place of a range: all numbers, or all words.
    speed
        Units per second while moving; infinite where moves take no time.
    acceleration
        Seconds to reach `speed` and, again, to stop, as in the EPICS motor record's ACCL field.
    settle
        Seconds to wait after a move.

    Raises
    ------
    SpaceError
        If the range or the choices describe no positions, or a cost is negative.

    Examples
    --------
    >>> Dof("energy", 7000, 7200, unit="eV", speed=5.0).travel_time(7000, 7100)
    20.0
    """

    movable: Any
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    integer: bool = False
    choices: tuple[Value, ...] = ()
    speed: float = math.inf
    acceleration: float = 0.0
    settle: float = 0.0
    name: str = field(init=False)

    def __post_init__(self) -> None:
        name = self.movable if isinstance(self.movable, str) else getattr(self.movable, "name", None)
        if not name or not isinstance(name, str):
            raise SpaceError(f"a Dof needs a device with a name, or a name, got {self.movable!r}")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "choices", tuple(self.choices))
        if self.choices:
            self._check_choices()
        else:
            self._check_range()
        self._check_costs()

    def _check_range(self) -> None:
        try:
            for end in ("low", "high"):
                object.__setattr__(self, end, _number(getattr(self, end)))
        except PointError as error:
            raise SpaceError(f"low and high must be numbers for {self.name!r}: {error}") from error
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise SpaceError(f"low and high must be finite, got low={self.low}, high={self.high} for {self.name!r}")
        if not self.low < self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise SpaceError(
                f"low must be below high, got low={self.low}{unit}, high={self.high}{unit} for {self.name!r}"
            )
        if self.integer and math.floor(self.high) <= math.ceil(self.low):
            raise SpaceError(
                f"an integer range needs two whole numbers, got {self.low} to {self.high} for {self.name!r}"
            )

    def _check_choices(self) -> None:
        if not (math.isnan(self.low) and math.isnan(self.high)):
            raise SpaceError(f"a Dof has a range or choices, got both for {self.name!r}")
        try:
            object.__setattr__(self, "choices", tuple(_plain(choice) for choice in self.choices))
        except PointError as error:
            raise SpaceError(f"choices must be numbers or words for {self.name!r}: {error}") from error
        if len(set(self.choices)) != len(self.choices) or len(self.choices) < 2:
            raise SpaceError(f"choices must be two or more different ones, got {self.choices!r} for {self.name!r}")
        words = [isinstance(choice, str) for choice in self.choices]
        if any(words) and not all(words):
            raise SpaceError(f"choices must be all numbers or all words, got {self.choices!r} for {self.name!r}")
        if not any(words) and not all(math.isfinite(float(choice)) for choice in self.choices):
            raise SpaceError(f"choices must be finite, got {self.choices!r} for {self.name!r}")

    def _check_costs(self) -> None:
        if not self.speed > 0:
            raise SpaceError(f"speed must be positive, got {self.speed} for {self.name!r}")
        for rule in ("acceleration", "settle"):
            if not 0 <= getattr(self, rule) < math.inf:
                raise SpaceError(f"{rule} must be zero or more seconds, got {getattr(self, rule)} for {self.name!r}")

    @property
    def categorical(self) -> bool:
        """Whether the positions are words, without an order."""
        return bool(self.choices) and isinstance(self.choices[0], str)

    @property
    def width(self) -> int:
        """Number of unit-cube coordinates: one, or one per word."""
        return len(self.choices) if self.categorical else 1

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest position of a Dof of numbers, in `unit`."""
        if self.categorical:
            raise SpaceError(f"words have no limits, got {self.choices!r} for {self.name!r}")
        if self.choices:
            numbers = [float(choice) for choice in self.choices]
            return min(numbers), max(numbers)
        return float(self.low), float(self.high)

    def check(self, value: Value) -> Value:
        """Return `value` as this Dof's devices take it.

        Raises
        ------
        PointError
            If it is not one of the Dof's positions.
        """
        plain = _plain(value)
        if self.choices:
            if plain not in self.choices:
                raise PointError(f"{self.name!r} must be one of {self.choices!r}, got {value!r}")
            return self.choices[self.choices.index(plain)]
        if isinstance(plain, str) or not self.low <= plain <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise PointError(f"{self.name!r} must lie in {self.low} to {self.high}{unit}, got {value!r}")
        if self.integer and plain != int(plain):
            raise PointError(f"{self.name!r} must be a whole number, got {value!r}")
        return int(plain) if self.integer else float(plain)

    def encode(self, values: Sequence[Value] | NDArray[Any]) -> FloatArray:
        """Map positions to the unit cube.

        Parameters
        ----------
        values
            ``n`` positions. Read-backs a little outside the range map a little outside the cube.

        Returns
        -------
            Shape ``(n, width)``; words become one-hot.

        Raises
        ------
        PointError
            If one is a word that is no choice.
        """
        if self.categorical:
            unknown = [value for value in values if value not in self.choices]
            if unknown:
                raise PointError(f"{self.name!r} must be one of {self.choices!r}, got {unknown[0]!r}")
            return np.array([[float(choice == value) for choice in self.choices] for value in values]).reshape(
                -1, self.width
            )
        low, high = self.limits
        return ((np.asarray(values, dtype=float) - low) / (high - low)).reshape(-1, 1)

    def decode(self, unit: FloatArray) -> list[Value]:
        """Map unit-cube coordinates, shape ``(n, width)``, to the nearest positions."""
        if self.categorical:
            return [self.choices[int(index)] for index in np.argmax(unit, axis=1)]
        low, high = self.limits
        positions = low + np.minimum(np.maximum(unit[:, 0], 0.0), 1.0) * (high - low)
        if self.choices:
            numbers = np.array([float(choice) for choice in self.choices])
            nearest = np.abs(positions[:, None] - numbers[None, :]).argmin(axis=1)
            return [self.choices[int(index)] for index in nearest]
        if self.integer:
            whole = np.clip(np.rint(positions), math.ceil(low), math.floor(high))
            return [int(position) for position in whole]
        return [min(max(position, low), high) for position in positions.tolist()]

    def travel_time(self, start: Value, stop: Value) -> float:
        """Seconds from one position to another; see `travel_times`."""
        return float(self.travel_times(start, np.array([stop]))[0])

    def travel_times(self, start: Value, stops: NDArray[Any]) -> FloatArray:
        """Seconds from one position to each of ``n`` others, with a trapezoidal velocity profile.

        A move of distance ``d`` at speed ``v`` with ramps of ``a`` seconds takes ``d / v + a``; one
        too short to reach ``v`` takes ``2 sqrt(d a / v)``. Up to a billionth of the range is rounding, and no move.
        """
        if self.categorical:
            return np.where(stops != start, self.settle, 0.0)
        distance = np.abs(stops.astype(float) - float(start))
        moved = distance > (0.0 if self.choices else _ROUNDING * (self.high - self.low))
        cruise = distance / self.speed
        ramps = 2.0 * np.sqrt(cruise * self.acceleration)
        moving = np.where(cruise >= self.acceleration, cruise + self.acceleration, ramps)
        return np.where(moved, moving + self.settle, 0.0)


def _plain(value: Any) -> Value:
    """Turn a numpy scalar into Python's own number or word."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool) or not isinstance(plain, int | float | str):
        raise PointError(f"a position must be a number or a word, got {value!r}")
    return plain


def _number(value: Any) -> float:
    """Turn a numpy scalar into Python's own number."""
    plain = _plain(value)
    if isinstance(plain, str):
        raise PointError(f"a position must be a number, got {value!r}")
    return plain
