"""A simulated motor behind the fields of the EPICS motor record."""

# mypy: disable-error-code="no-redef, untyped-decorator"
import asyncio
from typing import Any

from caproto.server import PVGroup, pvproperty

from autoexp_simulators.stage import SimulatedMotor

_PERIOD = 0.05
"""Seconds between updates of the read-back while moving."""


class MotorRecord(PVGroup):
    """The fields of a motor record that `ophyd.EpicsMotor` needs; those of settings write through.

    Parameters
    ----------
    prefix
        Name of the record.
    motor
        What moves.
    """

    motor = pvproperty(value=0.0, name="", record="motor", precision=4)

    def __init__(self, prefix: str, motor: SimulatedMotor) -> None:
        super().__init__(prefix)
        self.device = motor
        self._wanted = asyncio.Queue[float]()

    @motor.startup
    async def motor(self, instance: Any, async_lib: Any) -> None:
        """Publish the settings, then move whenever it is asked to."""
        fields = instance.field_inst
        await self._publish(instance, fields)
        fields.value_write_hook = self._asked
        while True:
            target = await self._wanted.get()
            await self._move(instance, fields, target)

    async def _publish(self, instance: Any, fields: Any) -> None:
        (low, high), device = self.device.limits, self.device
        await fields.user_low_limit.write(low)
        await fields.user_high_limit.write(high)
        await fields.engineering_units.write(device.egu)
        await fields.velocity.write(device.velocity.get())
        await fields.seconds_to_velocity.write(device.acceleration.get())
        await instance.write_metadata(
            units=device.egu, lower_ctrl_limit=low, upper_ctrl_limit=high, lower_disp_limit=low, upper_disp_limit=high
        )
        await instance.write(device.setpoint.get())
        await self._read(fields)
        await fields.motor_is_moving.write(0)
        await fields.done_moving_to_value.write(1)

    async def _asked(self, instance: Any, value: float) -> None:
        if instance.field_inst.set_use_switch.value in (0, "Use"):
            await self._wanted.put(float(value))

    async def _move(self, instance: Any, fields: Any, target: float) -> None:
        await fields.stop.write(0)
        await fields.direction_of_travel.write(int(target >= self.device.setpoint.get()))
        await fields.motor_is_moving.write(1)
        await fields.done_moving_to_value.write(0)
        self.device.velocity.put(fields.velocity.value)
        self.device.acceleration.put(fields.seconds_to_velocity.value)
        try:
            await self._follow(fields, self.device.set(target))
        except ValueError:
            await fields.limit_violation.write(1)
        await self._read(fields)
        if self.device.setpoint.get() != target:
            await instance.write(self.device.setpoint.get(), verify_value=False)
            while not self._wanted.empty():
                self._wanted.get_nowait()
        await fields.motor_is_moving.write(0)
        await fields.done_moving_to_value.write(1)

    async def _follow(self, fields: Any, status: Any) -> None:
        while not status.done:
            if fields.stop.value or self._paused(fields) or not self._wanted.empty():
                self.device.stop()
            await self._read(fields)
            await asyncio.sleep(_PERIOD)

    @staticmethod
    def _paused(fields: Any) -> bool:
        return fields.stop_pause_move_go.value in (0, "Stop")

    async def _read(self, fields: Any) -> None:
        value = self.device.read()[self.device.name]["value"]
        await fields.user_readback_value.write(value)
        await fields.dial_readback_value.write(value)
