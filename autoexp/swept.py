"""A detector that is read at each of several positions of a motor, as one reading."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autoexp.errors import MeasurementError
from autoexp.reduction.measurement import FutureStatus
from autoexp.reduction.records import FrameMeta
from autoexp.worker import Worker


class SweptDetector:
    """A Triggerable that steps a motor through positions and exposes at each: a spectrum, a knife-edge scan.

    Give it to `ReducedDetector` as the detector, with its `meta`: the frames come as one batch, and each with the
    motor's read-back as a coordinate. Classic ophyd devices only. It sweeps on a thread of its own.

    Parameters
    ----------
    detector
        With an ``image``.
    motor
        To step; moved by nobody else meanwhile.
    positions
        In the motor's unit, in this order.
    coordinate
        Name of the coordinate; the motor's name by default.

    Raises
    ------
    Exception
        What the motor's ``check_value`` raises where a position is beyond its limits.
    """

    parent = None

    def __init__(self, detector: Any, motor: Any, positions: Sequence[float], coordinate: str | None = None) -> None:
        for position in positions:
            if hasattr(motor, "check_value"):
                motor.check_value(position)
        self.name: str = detector.name
        self._detector, self._motor = detector, motor
        self._positions = tuple(positions)
        self._coordinate = motor.name if coordinate is None else coordinate
        self._frames: NDArray[Any] = np.zeros((0, 1, 1))
        self._readback = np.zeros(0)
        self._worker = Worker("autoexp-sweep")
        self._stopped = False

    @property
    def image(self) -> NDArray[Any]:
        """The frames of the latest sweep, shape ``(positions, y, x)``."""
        return self._frames

    def trigger(self) -> FutureStatus:
        """Begin a sweep."""
        self._stopped = False
        return FutureStatus(self._worker.submit(self._sweep))

    def stop(self, *, success: bool = False) -> None:
        """End the sweep after the position that it is at; its status fails."""
        self._stopped = True

    def unstage(self) -> list[Any]:
        """End the thread."""
        self.stop()
        self._worker.close()
        return [self]

    def meta(self) -> FrameMeta:
        """Return the read-backs of the latest sweep."""
        return FrameMeta(coordinates={self._coordinate: torch.from_numpy(self._readback)})

    def read(self) -> dict[str, dict[str, Any]]:
        """Return when it was read."""
        return {f"{self.name}_swept": {"value": len(self._readback), "timestamp": time.time()}}

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return the data key of `read`."""
        return {f"{self.name}_swept": {"source": "sweep", "dtype": "integer", "shape": []}}

    def _sweep(self) -> None:
        frames, readback = [], []
        for position in self._positions:
            if self._stopped:
                raise MeasurementError(f"a sweep of {self._motor.name!r} was stopped at {position:g}")
            self._motor.set(position).wait()
            self._detector.trigger().wait()
            frames.append(np.asarray(self._detector.image.get()))
            readback.append(self._motor.read()[self._motor.name]["value"])
        self._frames, self._readback = np.stack(frames), np.array(readback, dtype=float)
