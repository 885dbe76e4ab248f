"""Frames that arrive from outside the process, over PVAccess."""

import queue
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import MeasurementError


class StreamedFrames:
    """A client of an NTNDArray variable (areaDetector's PVA plugin, or a simulated detector's stream).

    It keeps the newest frames and counts what it saw and what it missed: gaps in ``uniqueId`` and
    frames that came faster than they were taken.

    Parameters
    ----------
    name
        Of the variable.
    room
        Number of frames that may wait; the oldest give way.
    settings
        EPICS PVAccess settings; the environment's by default.
    """

    def __init__(self, name: str, room: int = 16, settings: dict[str, str] | None = None) -> None:
        from p4p.client.thread import Context
        from p4p.util import ThreadedWorkQueue

        self.name = name
        self.seen = 0
        self.dropped = 0
        self._last: int | None = None
        self._waiting: queue.Queue[tuple[int, NDArray[Any]]] = queue.Queue(room)
        self._worker = ThreadedWorkQueue(maxsize=room, workers=1, name="frames")
        self._worker.start()
        self._context = Context("pva", conf=settings, useenv=settings is None)
        self._monitor = self._context.monitor(name, self._arrived, queue=self._worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def frames(self, number: int, timeout: float = 10.0) -> Iterator[NDArray[Any]]:
        """Yield the next frames, shape ``(y, x)``.

        Parameters
        ----------
        number
            How many.
        timeout
            Seconds to wait for each.

        Raises
        ------
        MeasurementError
            If none comes in time.
        """
        for _ in range(number):
            try:
                identity, frame = self._waiting.get(timeout=timeout)
            except queue.Empty as error:
                raise MeasurementError(f"frames of {self.name!r} must come within {timeout:g} s, got none") from error
            if self._last is not None:
                self.dropped += max(0, identity - self._last - 1)
            self._last = identity
            self.seen += 1
            yield frame

    def _arrived(self, value: Any) -> None:
        item = int(value.raw.uniqueId), np.array(value)
        while True:
            try:
                self._waiting.put_nowait(item)
            except queue.Full:
                self._waiting.get_nowait()
            else:
                return

    def close(self) -> None:
        """Let go of the server."""
        self._monitor.close()
        self._context.close()
        self._worker.stop()
