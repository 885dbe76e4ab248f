"""A simulated detector as process variables."""

# mypy: disable-error-code="no-redef, untyped-decorator"
import asyncio
from typing import Any

import numpy as np
from caproto.server import PVGroup, pvproperty

from autoexp_simulators.detector import SimulatedCamera

_LARGEST = 2**31 - 1
"""Channel Access has no unsigned integers of 32 bits."""


class DetectorRecord(PVGroup):
    """Acquire, exposure time and frames of one detector.

    A put of 1 to ``Acquire`` with completion returns when the frames are there; ``Message`` says what went
    wrong with the last exposure, and is empty where nothing did. A put of 0 gives up.

    Parameters
    ----------
    prefix
        Beginning of the names of its variables.
    camera
        What exposes.
    """

    acquire = pvproperty(value=0, name="Acquire")
    time = pvproperty(value=0.1, name="AcquireTime", units="s", precision=3)
    counter = pvproperty(value=0, name="Counter", read_only=True)
    message = pvproperty(value="", name="Message", read_only=True, max_length=200)

    def __init__(self, prefix: str, camera: SimulatedCamera) -> None:
        self.camera = camera
        super().__init__(prefix)

    @time.startup
    async def time(self, instance: Any, async_lib: Any) -> None:
        """Publish the exposure time."""
        await instance.write(float(self.camera.exposure.get()))

    @time.putter
    async def time(self, instance: Any, value: float) -> None:
        """Expose for `value` seconds from now on."""
        self.camera.exposure.put(value)

    @acquire.putter
    async def acquire(self, instance: Any, value: int) -> int:
        """Expose, or give up."""
        if not value:
            self.camera.stop()
            return 0
        message = ""
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._expose)
        except Exception as error:
            message = str(error)
        await self.message.write(message)
        if not message:
            counts = np.asarray(self.camera.image.get(), np.int64).ravel()
            await self.image.write(np.minimum(counts, _LARGEST).astype(np.int32))
            await self.counter.write(self.counter.value + 1)
        return 0

    def _expose(self) -> None:
        self.camera.trigger().wait()


def detector_record(prefix: str, camera: SimulatedCamera) -> DetectorRecord:
    """Return the record of a detector whose frames have the size of `camera`'s.

    Parameters
    ----------
    prefix
        Beginning of the names of its variables.
    camera
        What exposes.
    """
    pixels = int(np.asarray(camera.image.get()).size)
    image = pvproperty(value=[0] * pixels, name="Image", dtype=int, max_length=pixels, read_only=True)
    return type("SizedDetectorRecord", (DetectorRecord,), {"image": image})(prefix, camera)  # type: ignore[no-any-return]
