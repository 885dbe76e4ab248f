"""A stream and a reducer as one Bluesky device: read point by point, or while a motor flies."""

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from autoexp.detectors import default_device
from autoexp.errors import MeasurementError, ReductionError
from autoexp.protocols import Reducer
from autoexp.reduction import fields
from autoexp.reduction.fields import Documents
from autoexp.reduction.measurement import FutureStatus
from autoexp.reduction.records import FrameMeta, Reduced
from autoexp.streams.accumulator import Accumulator, Beginning
from autoexp.streams.counters import StreamCounters
from autoexp.streams.declared import check, declared
from autoexp.streams.flight import BinnedReading, BinReading, Flight
from autoexp.streams.reading import WholeReading
from autoexp.streams.reduction import StreamReduction


class StreamDetector:
    """A Bluesky Readable, Triggerable, Preparable and Flyable over frames that arrive by themselves.

    A trigger reduces the next frames that arrive after it. Its fields are those of
    `autoexp.detectors.ReducedDetector`: ``{name}_{field}``, ``{name}_{field}_sigma``, ``{name}_flags``; where frames
    were lost in between the flags say `Flags.FRAMES_LOST`. To fly, it is prepared with a `Flight`; from `kickoff` to
    `complete` frames are reduced as they arrive, and `collect` gives one event for each bin that is finished.

    Parameters
    ----------
    stream
        A stream with its queue; it is opened when staged, or triggered, and closed when unstaged.
    reducer
        Makes values of the frames.
    name
        Prefix of the fields.
    frames
        How many frames make one reading.
    device
        Where torch computes; ``"auto"`` is a GPU where torch finds one.
    meta
        Called for each batch for what is known of its frames, and before a flight for their exposure.
    shape
        Rows and columns of the frames; by default as the stream tells, or as its frames had it. Only flights ask.

    Raises
    ------
    ReductionError
        If `frames` is below one.
    """

    parent = None

    def __init__(
        self,
        stream: StreamReduction,
        reducer: Reducer[Any],
        *,
        name: str,
        frames: int = 1,
        device: str = "auto",
        meta: Callable[[], FrameMeta] = FrameMeta,
        shape: tuple[int, int] | None = None,
    ) -> None:
        if frames < 1:
            raise ReductionError(f"frames must be one or more, got {frames}")
        self.name = name
        self.reducer = reducer
        self._stream = stream
        self._frames = frames
        self._meta = meta
        self._shape = shape
        self._beginning = Beginning(reducer, default_device() if device == "auto" else device)
        self._latest: WholeReading | None = None
        self._flight: Flight | None = None
        self._declared: Mapping[str, Reduced] | None = None
        self._bins: BinnedReading | None = None
        self._landed: Future[None] | None = None
        self._empty: Mapping[str, Reduced] | None = None

    @property
    def counters(self) -> StreamCounters:
        """The balance of frames since the stream was opened."""
        return self._stream.counters

    def stage(self) -> list[Any]:
        """Open the stream."""
        self._stream.open()
        return [self]

    def unstage(self) -> list[Any]:
        """Close the stream; the values of the last reading stay."""
        self._stream.close()
        return [self]

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def trigger(self) -> FutureStatus:
        """Reduce the next frames; what an earlier trigger left under way is given up."""
        self._stream.open()
        self._declared = None
        self._latest = WholeReading(self._accumulator())
        return FutureStatus(self._stream.begin(self._latest, self._frames))

    def read(self) -> Documents:
        """Return the values of the latest trigger; NaN before any."""
        return fields.readings(self.name, self._values(), self._timestamp)

    def describe(self) -> Documents:
        """Return the data keys of `read`."""
        return fields.data_keys(self.name, self._described(), self.reducer)

    def read_configuration(self) -> Documents:
        """Return the settings of the reducer, and the axes of reduced arrays."""
        return fields.configuration(self.name, self._described(), self._settings(), self._timestamp)

    def describe_configuration(self) -> Documents:
        """Return the data keys of `read_configuration`."""
        return fields.configuration_keys(self.name, self._described(), self._settings(), self.reducer)

    @property
    def hints(self) -> dict[str, list[str]]:
        """The reduced numbers, as what is worth plotting."""
        return {"fields": fields.numbers(self.name, self._values())}

    def prepare(self, value: Flight) -> FutureStatus:
        """Say what the next flight is, and find out what its events will look like.

        Raises
        ------
        ReductionError
            If that cannot be known before the first frame, because of the frames' shape or exposure.
        """
        exposure = math.nan if self._meta is FrameMeta else self._meta().exposure
        self._declared = declared(
            self._beginning, lambda patience: self._shape or self._stream.shape(patience), exposure
        )
        self._flight = value
        return FutureStatus(_done())

    def kickoff(self) -> FutureStatus:
        """Begin to reduce and to bin whatever arrives.

        Raises
        ------
        MeasurementError
            If it was not prepared.
        """
        if self._flight is None:
            raise MeasurementError(f"{self.name!r} must be prepared with a Flight before it can fly, got none")
        self._stream.open()
        self._bins = BinnedReading(self._flight, self._accumulator)
        self._landed = self._stream.begin(self._bins)
        return FutureStatus(_done())

    def complete(self) -> FutureStatus:
        """Let in no more frames; done when those that wait are reduced.

        Raises
        ------
        MeasurementError
            If it was not kicked off.
        """
        if self._landed is None:
            raise MeasurementError(f"{self.name!r} must fly before it can land")
        self._stream.finish()
        return FutureStatus(self._landed)

    def describe_collect(self) -> Documents:
        """Return the data keys of `collect`."""
        if self._flight is None:
            return self.describe()
        name, unit = self._flight.coordinate, self._flight.unit
        number = {"source": f"stream:{name}", "dtype": "number", "dtype_numpy": "<f8", "shape": [], "units": unit}
        count = {"source": f"stream:{self.name}", "dtype": "integer", "dtype_numpy": "<i8", "shape": []}
        return {name: number, f"{name}_spread": number, f"{self.name}_frames": count} | self.describe()

    def collect(self) -> Iterator[dict[str, Any]]:
        """Yield an event for each bin finished since the last time, in the order of the motion.

        Raises
        ------
        ReductionError
            If a bin's arrays or axes are not those that were declared before the flight.
        Exception
            Whatever ended the flight too early.
        """
        if self._landed is not None and self._landed.done():
            self._landed.result()
        if self._bins is not None:
            for reading in self._bins.ready():
                yield self._event(reading)

    def _event(self, reading: BinReading) -> dict[str, Any]:
        assert self._flight is not None
        assert self._declared is not None
        check(reading.values, self._declared)
        name = self._flight.coordinate
        told = fields.readings(self.name, reading.values, reading.time)
        data = {name: reading.position, f"{name}_spread": reading.spread, f"{self.name}_frames": reading.n_frames}
        data |= {field: each["value"] for field, each in told.items()}
        return {"time": reading.time, "data": data, "timestamps": dict.fromkeys(data, reading.time)}

    def _accumulator(self) -> Accumulator:
        return Accumulator(self._beginning, self._meta)

    def _values(self) -> Mapping[str, Reduced]:
        if self._latest is not None and self._latest.values is not None:
            return self._latest.values
        if self._empty is None:
            self._empty = self._accumulator().read()
        return self._empty

    def _described(self) -> Mapping[str, Reduced]:
        """Return values that look like those to come: of the flight that was prepared, or of the latest trigger."""
        return self._values() if self._declared is None else self._declared

    @property
    def _timestamp(self) -> float:
        return self._latest.time if self._latest is not None else 0.0

    def _settings(self) -> dict[str, str | int]:
        own: dict[str, str | int] = {"device": self._beginning.upload.device, "frames": self._frames}
        return fields.reducer_settings(self.reducer) | own


def _done() -> "Future[None]":
    future: Future[None] = Future()
    future.set_result(None)
    return future
