"""Area detectors as classic ophyd devices."""

from typing import Any

import numpy as np
import torch
from ophyd import Component, Device, Kind, Signal
from ophyd.status import DeviceStatus

from autoexp_simulators.clock import SimulatedClock
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
        self.exposure.put(imager.spec.exposure)
        spec = imager.spec
        shape = spec.shape if spec.frames == 1 else (spec.frames, *spec.shape)
        self.image.put(torch.zeros(shape, dtype=spec.sensor.dtype).numpy())

    def trigger(self) -> DeviceStatus:
        """Expose, and return a status that is done when the frames are read out."""
        self._clock.now()
        seconds, spec = float(self.exposure.get()), self.imager.spec
        status = DeviceStatus(self)
        self._clock.spend(spec.frames * (seconds + spec.overhead), lambda: self._finish(seconds, status))
        return status

    def _finish(self, seconds: float, status: DeviceStatus) -> None:
        try:
            frames: np.ndarray = self.imager.expose(seconds)
            self.image.put(frames)
        except Exception as error:
            status.set_exception(error)
        else:
            status.set_finished()
