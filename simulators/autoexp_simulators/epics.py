"""A served Scene as a client sees it: classic ophyd devices over Channel Access."""

import dataclasses
import time
from typing import Any

import numpy as np
from ophyd import Component, Device, EpicsMotor, EpicsSignal, EpicsSignalRO, Kind
from ophyd.status import DeviceStatus

from autoexp.beamline import Beamline, Readout
from autoexp.dofs import Dof
from autoexp.errors import MeasurementError
from autoexp.plugins import load
from autoexp_simulators.detector import ImageSignal
from autoexp_simulators.stage import SimulatedMotor


class WallClock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> float:
        """Return the seconds that have passed."""
        return time.monotonic() - self._began


class EpicsDetector(Device):
    """A detector that another process serves.

    Parameters
    ----------
    prefix
        Beginning of the names of its variables.
    name
        Of the device.
    shape
        Of what one exposure gives: ``(y, x)`` or ``(frames, y, x)``.
    """

    acquire = Component(EpicsSignal, "Acquire", kind=Kind.omitted)
    exposure = Component(EpicsSignal, "AcquireTime", kind=Kind.config)
    message = Component(EpicsSignalRO, "Message", kind=Kind.omitted, string=True)
    pixels = Component(EpicsSignalRO, "Image", kind=Kind.omitted, auto_monitor=False)
    image = Component(ImageSignal, kind=Kind.normal)

    def __init__(self, prefix: str, *, name: str, shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(prefix, name=name, **kwargs)
        self._shape = shape
        self.image.put(np.zeros(shape, np.int32))

    def trigger(self) -> DeviceStatus:
        """Expose, and return a status that is done when the frames are here."""
        status = DeviceStatus(self)
        self.acquire.put(1, wait=False, callback=lambda **kwargs: self._fetch(status))
        return status

    def _fetch(self, status: DeviceStatus) -> None:
        try:
            message = self.message.get(use_monitor=False)
            if message:
                raise MeasurementError(f"{self.name!r} says: {message}")
            self.image.put(np.asarray(self.pixels.get()).reshape(self._shape))
        except Exception as error:
            status.set_exception(error)
        else:
            status.set_finished()

    def stop(self, *, success: bool = False) -> None:
        """Give up an exposure that is under way."""
        self.acquire.put(0, wait=False)


def epics_beamline(scene: str, *, prefix: str = "sim:", seed: int = 0, timeout: float = 10.0) -> Beamline:
    """Return the devices that ``autoexp ioc`` serves, with the Scene's truth beside them.

    Parameters
    ----------
    scene
        Its registered name.
    prefix, seed
        As the server was given.
    timeout
        Seconds to wait for the server.

    Raises
    ------
    TimeoutError
        If no server answers.
    """
    twin = load("scenes", scene)(seed=seed)
    dofs = tuple(_dof(dof, prefix) for dof in twin.dofs if isinstance(dof.movable, SimulatedMotor))
    readouts = tuple(_readout(readout, prefix) for readout in twin.readouts)
    for device in (*(dof.movable for dof in dofs), *(readout.detector for readout in readouts)):
        device.wait_for_connection(timeout=timeout)
    beamline: Beamline = dataclasses.replace(
        twin, clock=WallClock(), dofs=dofs, readouts=readouts, happenings=(), ring_current=None
    )
    return beamline


def _dof(dof: Dof, prefix: str) -> Dof:
    motor = EpicsMotor(f"{prefix}{dof.name}", name=dof.name)
    return Dof(
        motor, dof.low, dof.high, unit=dof.unit, speed=dof.speed, acceleration=dof.acceleration, settle=dof.settle
    )


def _readout(readout: Readout, prefix: str) -> Readout:
    name = readout.detector.name
    shape = np.asarray(readout.detector.image.get()).shape
    detector = EpicsDetector(f"{prefix}{name}:", name=name, shape=shape)
    exposure = detector.exposure.get if readout.exposure is not None else None
    return Readout(detector, readout.reducer, readout.name, exposure)
