"""A simulated area detector."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd import Component, Device, Kind, Signal
from ophyd.status import DeviceStatus

from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.noise import FloatArray, Sensor


class ImageSignal(Signal):
    """A frame in the event."""

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return the data key of a frame, shape (y, x)."""
        frame = self.get()
        key = {
            "source": f"SIM:{self.name}",
            "dtype": "array",
            "dtype_numpy": frame.dtype.str,
            "shape": list(frame.shape),
            "dims": ["y", "x"],
            "units": "adu",
        }
        return {self.name: key}


class SimulatedCamera(Device):
    """An area detector that sees a Scene through a Sensor.

    Parameters
    ----------
    name
        Name of the device.
    clock
        Counts the time of exposures.
    photons
        Gives the expected photons per second of each pixel, shape (y, x), at this moment.
    shape
        Rows and columns.
    sensor
        The electronics.
    exposure
        Seconds per frame.
    readout
        Seconds beside the exposure until a frame is there.
    seed
        Of the noise.
    """

    image = Component(ImageSignal, kind=Kind.normal)
    exposure = Component(Signal, value=0.1, kind=Kind.config)

    def __init__(
        self,
        name: str,
        *,
        clock: SimulatedClock,
        photons: Callable[[], FloatArray],
        shape: tuple[int, int],
        sensor: Sensor | None = None,
        exposure: float = 0.1,
        readout: float = 0.02,
        seed: int = 0,
    ) -> None:
        super().__init__(name=name)
        self.sensor = sensor or Sensor()
        self._clock, self._photons, self._readout = clock, photons, readout
        self._generator = np.random.default_rng(seed)
        self.exposure.put(exposure)
        self.image.put(np.zeros(shape, dtype=np.uint16))

    def trigger(self) -> DeviceStatus:
        """Expose one frame, and return a status that is done when it is read out."""
        self._clock.now()
        seconds = float(self.exposure.get())
        status = DeviceStatus(self)
        self._clock.spend(seconds + self._readout, lambda: self._finish(seconds, status))
        return status

    def _finish(self, seconds: float, status: DeviceStatus) -> None:
        try:
            self.image.put(self._expose(seconds))
        except Exception as error:
            status.set_exception(error)
        else:
            status.set_finished()

    def _expose(self, seconds: float) -> NDArray[np.uint16]:
        return self.sensor.frame(self._photons(), seconds, self._generator)
