"""Area detectors as classic ophyd devices."""

import math
from typing import Any

import numpy as np
import torch
from ophyd import Component, Device, Kind, Signal
from ophyd.status import DeviceStatus

from autoexp.errors import MeasurementError, SimulatedFaultError
from autoexp_simulators.clock import SimulatedClock, Span
from autoexp_simulators.world import Imager


class ImageSignal(Signal):
    """A frame, or a movie, in the event."""

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return the data key of a frame, dims ``(y, x)``, or of a movie, dims ``(frame, y, x)``."""
        frame = self.get()
        key = {
            "source": f"SIM:{self.name}",
            "dtype": "array",
            "dtype_numpy": frame.dtype.str,
            "shape": list(frame.shape),
            "dims": ["frame", "y", "x"][-frame.ndim :],
            "units": "adu",
        }
        return {self.name: key}


class SimulatedCamera(Device):
    """An area detector.

    Parameters
    ----------
    imager
        Makes its frames.
    clock
        Counts the time of exposures.
    """

    image = Component(ImageSignal, kind=Kind.normal)
    exposure = Component(Signal, value=0.1, kind=Kind.config)

    def __init__(self, imager: Imager, *, clock: SimulatedClock) -> None:
        super().__init__(name=imager.spec.name)
        self.imager = imager
        self._clock = clock
        self._waiting: DeviceStatus | None = None
        self._span: Span | None = None
        self.exposure.put(imager.spec.exposure)
        spec = imager.spec
        shape = spec.shape if spec.frames == 1 else (spec.frames, *spec.shape)
        self.image.put(torch.zeros(shape, dtype=spec.sensor.dtype).numpy())

    def beside(self) -> "SimulatedCamera":
        """Return another camera that sees the same, whose exposures are its own."""
        return SimulatedCamera(self.imager.beside(), clock=self._clock)

    def trigger(self) -> DeviceStatus:
        """Expose, and return a status that is done when the frames are read out."""
        self.stop()
        now, status = self._clock.now(), DeviceStatus(self)
        seconds, spec = float(self.exposure.get()), self.imager.spec
        try:
            delay = self.imager.delay(now)
        except SimulatedFaultError as error:
            status.set_exception(error)
            return status
        self._waiting = status
        if math.isfinite(delay):
            lasts = delay + spec.frames * (seconds + spec.overhead)
            self._span = self._clock.spend(lasts, lambda span: self._finish(span.began + delay, seconds, status))
        return status

    def _finish(self, began: float, seconds: float, status: DeviceStatus) -> None:
        try:
            frames: np.ndarray = self.imager.expose(seconds, began)
            if status.done:
                return
            self.image.put(frames)
        except Exception as error:
            status.set_exception(error)
        else:
            self._waiting = None
            status.set_finished()

    def stop(self, *, success: bool = False) -> None:
        """Give up an exposure that is under way; its status fails."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done:
            if self._span is not None:
                self._span.cancel()
            waiting.set_exception(MeasurementError(f"an exposure of {self.name!r} was given up"))

    def unstage(self) -> list[Any]:
        """Give up an exposure that is under way."""
        self.stop()
        return list(super().unstage())
