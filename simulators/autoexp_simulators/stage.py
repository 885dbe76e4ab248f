"""Motors as classic ophyd devices."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ophyd import Component, Device, Kind, Signal
from ophyd.status import DeviceStatus
from ophyd.utils.errors import LimitError

from autoexp.dofs import Dof
from autoexp.errors import MeasurementError
from autoexp_simulators.axis import Axis, travelled
from autoexp_simulators.clock import SimulatedClock, Span
from autoexp_simulators.faults.hooks import Move


@dataclass(frozen=True, slots=True)
class Underway:
    """A move in real time."""

    start: float
    target: float
    span: Span
    velocity: float
    acceleration: float
    settle: float

    def position(self, now: float) -> float:
        """Return where the motor is on its way."""
        lasts = self.span.ended - self.span.began - self.settle
        share = min(max((now - self.span.began) / lasts, 0.0), 1.0) if lasts > 0 else 1.0
        cruise = abs(self.target - self.start) / self.velocity
        return self.start + (self.target - self.start) * travelled(share, cruise, self.acceleration)


class Readback(Signal):
    """A signal whose value is asked for at each reading."""

    def __init__(self, *args: Any, source: Callable[[], float] = float, unit: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._source = source
        self._unit = unit

    def connect_to(self, source: Callable[[], float], unit: str) -> None:
        """Say where the value comes from."""
        self._source, self._unit = source, unit

    def get(self, **kwargs: Any) -> float:
        """Return a fresh value."""
        self._readback = self._source()
        return float(self._readback)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return the data key, with its unit."""
        key = {"source": f"SIM:{self.name}", "dtype": "number", "dtype_numpy": "<f8", "shape": [], "units": self._unit}
        return {self.name: key}


class SimulatedMotor(Device):
    """A motor with a trapezoidal velocity profile, settling, readback noise and soft limits.

    Parameters
    ----------
    axis
        Its motion.
    clock
        Counts the time that its moves take.
    """

    readback = Component(Readback, kind=Kind.hinted)
    setpoint = Component(Signal, value=0.0, kind=Kind.normal)
    velocity = Component(Signal, value=1.0, kind=Kind.config)
    acceleration = Component(Signal, value=0.0, kind=Kind.config)
    settle = Component(Signal, value=0.0, kind=Kind.config)

    def __init__(self, axis: Axis, *, clock: SimulatedClock) -> None:
        super().__init__(name=axis.spec.name)
        self.axis = axis
        self._clock = clock
        self._lock = threading.RLock()
        self._status: Any = None
        self._underway: Underway | None = None
        self._free = 0.0
        self.readback.name = self.name
        self.readback.connect_to(self._read, axis.spec.unit)
        self.limits = axis.spec.limits
        self.egu = axis.spec.unit
        self.velocity.put(axis.spec.velocity)
        self.acceleration.put(axis.spec.acceleration)
        self.settle.put(axis.spec.settle)
        self.setpoint.put(axis.spec.start)

    @property
    def position(self) -> float:
        """The true position, in `egu`."""
        now = self._clock.now()
        with self._lock:
            return self.axis.true_position(now) if self._underway is None else self._underway.position(now)

    def dof(self) -> Dof:
        """Return the Dof of the whole travel, with what its moves cost."""
        return Dof(
            self,
            *self.limits,
            unit=self.egu,
            speed=self.velocity.get(),
            acceleration=self.acceleration.get(),
            settle=self.settle.get(),
        )

    def check_value(self, value: float) -> None:
        """Refuse a position beyond the soft limits.

        Raises
        ------
        LimitError
            If it is.
        """
        low, high = self.limits
        if not low <= value <= high:
            raise LimitError(f"{self.name!r} must stay within {low} to {high} {self.egu}, got {value}")

    def set(self, value: float) -> DeviceStatus:
        """Move, and return a status that is done when the motor has settled.

        A move that is still under way ends where it is, and its status fails.

        Raises
        ------
        LimitError
            If the position is beyond the soft limits.
        """
        self.check_value(value)
        self.stop()
        velocity, acceleration = float(self.velocity.get()), float(self.acceleration.get())
        seconds = self.axis.duration(value, velocity, acceleration, self.settle.get())
        self.setpoint.put(value)
        status = DeviceStatus(self)
        start = self.axis.setpoint

        def done(span: Span) -> None:
            self._finish(Move(start, value, span.began, span.ended, velocity), status)

        self._status = status
        span = self._clock.spend(seconds, done, after=self._free)
        self._free = span.ended
        if not status.done and self._status is status:
            self._underway = Underway(start, value, span, velocity, acceleration, self.settle.get())
            self.axis.way = self._underway.position
        return status

    def _finish(self, move: Move, status: Any) -> None:
        with self._lock:
            if self._status is not status:
                return
            self._status = self._underway = None
            self.axis.arrive(move)
        status.set_finished()

    def _read(self) -> float:
        now = self._clock.now()
        with self._lock:
            underway = self._underway
            return self.axis.readback(now) if underway is None else underway.position(now)

    def stop(self, *, success: bool = False) -> None:
        """End the move where it is now; its status fails unless this is a `success`."""
        now = self._clock.now() if self._clock.speed is not None else 0.0
        with self._lock:
            status, underway = self._status, self._underway
            if status is None or underway is None:
                return
            self._status = self._underway = None
            underway.span.cancel()
            self._free = now
            here = underway.position(now)
            self.setpoint.put(here)
            self.axis.arrive(Move(underway.start, here, underway.span.began, now, underway.velocity))
        if success:
            status.set_finished()
        else:
            status.set_exception(MeasurementError(f"{self.name!r} was stopped at {here:.6g} {self.egu}"))
