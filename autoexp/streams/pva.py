"""Frames over PVAccess, as areaDetector's PVA plugin publishes them."""

import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import MeasurementError
from autoexp.streams.codecs import TYPES, decoded
from autoexp.streams.frames import StreamFrame


class PvaFrames:
    """A stream of an NTNDArray variable.

    A frame's number is its ``uniqueId``, its timestamp the ``dataTimeStamp``, or the ``timeStamp`` where that is not
    set. Frames wait in the client's own queue; those that it has no room for are lost, and missed in the numbering.
    Compressed ones are decoded, on the thread that reads: see `autoexp.streams.codecs`.

    Parameters
    ----------
    name
        Of the variable.
    coordinates
        Attributes of the frames that say where the beamline stood, as areaDetector takes them from motors.
    room
        Frames that the client may hold.
    settings
        EPICS PVAccess settings such as ``{"EPICS_PVA_ADDR_LIST": "10.0.0.5"}``; the environment's by default.
    """

    live = True

    def __init__(
        self,
        name: str,
        *,
        coordinates: Sequence[str] = (),
        room: int = 64,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.coordinates, self.room, self.settings = name, coordinates, room, settings
        self._context: Any = None
        self._monitor: Any = None
        self._arrived = threading.Event()

    def open(self) -> None:
        """Subscribe."""
        from p4p.client.raw import Context

        settings = None if self.settings is None else dict(self.settings)
        self._context = Context("pva", conf=settings, useenv=settings is None, nt=False)
        self._arrived.clear()
        request = f"record[queueSize={self.room}]field()"
        self._monitor = self._context.monitor(self.name, self._wake, request=request)

    def take(self, timeout: float) -> StreamFrame | None:
        """Return the next frame; None if none comes within `timeout` seconds.

        Raises
        ------
        MeasurementError
            If the server refuses, the variable holds no frames, or they are compressed as none of
            `autoexp.streams.codecs.DECODERS`.
        """
        found = self._monitor.pop()
        if found is None and self._arrived.wait(timeout):
            self._arrived.clear()
            found = self._monitor.pop()
        return None if found is None else self._frame(found)

    def close(self) -> None:
        """Unsubscribe."""
        if self._context is not None:
            self._monitor.close()
            self._context.close()
            self._context = self._monitor = None

    def _wake(self) -> None:
        self._arrived.set()

    def _frame(self, found: Any) -> StreamFrame | None:
        from p4p.client.raw import Disconnected

        if isinstance(found, Disconnected):
            return None
        if isinstance(found, Exception) or not found.getID().startswith("epics:nt/NTNDArray:1."):
            told = found if isinstance(found, Exception) else found.getID()
            raise MeasurementError(f"frames of {self.name!r} must come as NTNDArray, got {told!r}")
        told_by = {each.name: each.value for each in found.attribute if each.name in self.coordinates}
        coordinates = {name: float(_scalar(value)) for name, value in told_by.items()}
        return StreamFrame(_values(found), int(found.uniqueId), _timestamp(found), coordinates)


def _values(frame: Any) -> NDArray[Any]:
    """Return what an NTNDArray holds, decoded, shape as its dimensions say from the last to the first."""
    values = np.zeros(0, np.uint8) if frame.value is None else np.asarray(frame.value)
    shape = tuple(dimension.size for dimension in reversed(frame.dimension)) or (0,)
    codec = frame.codec.name
    if not codec:
        return values.reshape(shape)
    number = frame.codec.parameters
    dtype = values.dtype if number is None else np.dtype(TYPES[int(number)])
    return decoded(codec, values.tobytes(), dtype, shape)


def _scalar(value: Any) -> Any:
    """Return an attribute's value, which may be a structure around it."""
    return value.value if hasattr(value, "getID") else value


def _timestamp(value: Any) -> float:
    for stamp in (value.dataTimeStamp, value.timeStamp):
        if stamp.secondsPastEpoch > 0:
            return float(stamp.secondsPastEpoch) + 1e-9 * float(stamp.nanoseconds)
    return math.nan
