"""Frames of a simulated detector that exposes again and again: in this process, or published over PVAccess."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from autoexp.beamline import Clock
from autoexp.streams.frames import StreamFrame
from autoexp_simulators.detector import SimulatedCamera


def camera_frames(camera: SimulatedCamera, clock: Clock) -> Iterator[StreamFrame]:
    """Yield frames for ever, exposed one after another and stamped with the beamline seconds at which each began.

    Parameters
    ----------
    camera
        What exposes.
    clock
        Of its beamline.
    """
    number = 0
    while True:
        began = clock.now()
        camera.trigger().wait()
        yield StreamFrame(np.array(camera.image.get()), number, began)
        number += 1


class FrameStream:
    """A PVAccess server that exposes again and again and publishes each frame, numbered by ``uniqueId``.

    Parameters
    ----------
    name
        Of the variable.
    camera
        What exposes.
    period
        Wall seconds from one frame to the next, at least.
    attributes
        What is told with each frame, by name; called when its exposure begins.
    settings
        EPICS PVAccess settings such as ``{"EPICS_PVAS_SERVER_PORT": "5075"}``; the environment's by default.
    """

    def __init__(
        self,
        name: str,
        camera: SimulatedCamera,
        period: float = 0.1,
        settings: dict[str, str] | None = None,
        attributes: Mapping[str, Callable[[], float]] | None = None,
    ) -> None:
        from p4p.nt import NTNDArray
        from p4p.server import Server
        from p4p.server.thread import SharedPV

        self._camera, self._period, self._attributes = camera, period, dict(attributes or {})
        self._type = NTNDArray()
        self._variable = SharedPV(initial=self._frame(0))
        self._server = Server(providers=[{name: self._variable}], conf=settings, useenv=settings is None)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="frame-stream", daemon=True)
        self._thread.start()

    def _frame(self, number: int) -> Any:
        status = self._camera.trigger()
        attributes = {key: float(call()) for key, call in self._attributes.items()}
        status.wait()
        frame = np.asarray(self._camera.image.get())
        value = self._type.wrap(frame, attrib=attributes, timestamp=time.time())
        value["uniqueId"] = number
        return value

    def _publish(self) -> None:
        number = 0
        while not self._ended.wait(self._period):
            number += 1
            self._variable.post(self._frame(number))

    def close(self) -> None:
        """Stop publishing."""
        self._ended.set()
        self._thread.join()
        self._server.stop()
