"""The same motors and detectors as ophyd-async devices."""

import asyncio
from typing import Any

import numpy as np
from bluesky.protocols import Locatable, Location, Stoppable, Triggerable
from ophyd_async.core import (
    AsyncStatus,
    SignalRW,
    StandardReadable,
    StandardReadableFormat,
    soft_signal_r_and_setter,
    soft_signal_rw,
)

from autoexp_simulators.detector import SimulatedCamera
from autoexp_simulators.stage import SimulatedMotor


class AsyncMotor(StandardReadable, Locatable[float], Stoppable):
    """A simulated motor as ophyd-async sees it.

    Parameters
    ----------
    motor
        What moves; also reachable as a classic device.
    """

    def __init__(self, motor: SimulatedMotor) -> None:
        self.classic = motor
        with self.add_children_as_readables(StandardReadableFormat.HINTED_SIGNAL):
            self.readback, self._tell = soft_signal_r_and_setter(float, motor.position, units=motor.egu)
        with self.add_children_as_readables(StandardReadableFormat.CONFIG_SIGNAL):
            self.velocity: SignalRW[float] = soft_signal_rw(float, float(motor.velocity.get()))
        super().__init__(name=motor.name)

    def set_name(self, name: str, *, child_name_separator: str | None = None) -> None:
        """Name the device, and its read-back like it."""
        super().set_name(name, child_name_separator=child_name_separator)
        self.readback.set_name(name)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest position."""
        low, high = self.classic.limits
        return float(low), float(high)

    def check_value(self, value: float) -> None:
        """Refuse a position beyond the limits.

        Raises
        ------
        LimitError
            If it is.
        """
        self.classic.check_value(value)

    @AsyncStatus.wrap
    async def set(self, value: float) -> None:
        """Move, and be done when the motor has settled.

        Raises
        ------
        LimitError
            If the position is beyond the limits.
        """
        self.classic.velocity.put(await self.velocity.get_value())
        await _done(self.classic.set(value))
        self._refresh()

    async def locate(self) -> Location[float]:
        """Return where it was sent and where it is."""
        self._refresh()
        return Location(setpoint=float(self.classic.setpoint.get()), readback=await self.readback.get_value())

    async def read(self) -> Any:
        """Return a fresh read-back."""
        self._refresh()
        return await super().read()

    async def stop(self, success: bool = True) -> None:
        """End the move where it is."""
        self.classic.stop(success=success)

    def _refresh(self) -> None:
        self._tell(float(self.classic.readback.get()))


class AsyncCamera(StandardReadable, Triggerable):
    """A simulated detector as ophyd-async sees it.

    Parameters
    ----------
    camera
        What exposes; also reachable as a classic device.
    """

    def __init__(self, camera: SimulatedCamera) -> None:
        self.classic = camera
        frame = np.asarray(camera.image.get())
        with self.add_children_as_readables():
            self.image, self._tell = soft_signal_r_and_setter(np.ndarray, frame)
        with self.add_children_as_readables(StandardReadableFormat.CONFIG_SIGNAL):
            self.exposure: SignalRW[float] = soft_signal_rw(float, float(camera.exposure.get()), units="s")
        super().__init__(name=camera.name)

    @AsyncStatus.wrap
    async def trigger(self) -> None:
        """Expose, and be done when the frames are read out."""
        self.classic.exposure.put(await self.exposure.get_value())
        await _done(self.classic.trigger())
        self._tell(np.asarray(self.classic.image.get()))


async def _done(status: Any) -> None:
    """Wait for an ophyd status, and raise what it failed with."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    status.add_callback(lambda _: loop.call_soon_threadsafe(ended.set))
    await ended.wait()
    error = status.exception()
    if error is not None:
        raise error
