"""Motors as classic ophyd devices."""

from collections.abc import Callable
from typing import Any

from ophyd import Component, Device, Kind, Signal
from ophyd.status import DeviceStatus
from ophyd.utils.errors import LimitError

from autoexp.dofs import Dof
from autoexp_simulators.axis import Axis
from autoexp_simulators.clock import SimulatedClock


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
        return self.axis.position

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

        Raises
        ------
        LimitError
            If the position is beyond the soft limits.
        """
        self.check_value(value)
        seconds = self.axis.duration(value, self.velocity.get(), self.acceleration.get(), self.settle.get())
        self.setpoint.put(value)
        status = DeviceStatus(self)
        self._clock.spend(seconds, lambda: self._arrive(value, status))
        return status

    def _arrive(self, value: float, status: DeviceStatus) -> None:
        self.axis.arrive(value)
        status.set_finished()

    def _read(self) -> float:
        self._clock.now()
        return self.axis.readback()

    def stop(self, *, success: bool = False) -> None:
        """Do nothing: a simulated move ends where it was sent."""
