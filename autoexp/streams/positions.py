"""Frames that learn where the beamline stood when they were taken."""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from autoexp.streams.frames import FrameStream, KnowsShape, StreamFrame

_REMEMBERED = 4096


class PositionedFrames:
    """A stream whose frames carry read-back positions as coordinates.

    Positions are read on arrival of each frame, and while none arrives; a frame's own is interpolated between the
    readings before and after its timestamp. Where `stamped` is false it is the reading on its arrival, late by the
    time that the frame was under way.

    Parameters
    ----------
    stream
        Where frames come from.
    positions
        What is asked for each coordinate; it must be quick, and may be called from any thread.
    clock
        Seconds by the clock that stamps the frames.
    stamped
        Whether the frames' timestamps are to be believed.
    """

    def __init__(
        self,
        stream: FrameStream,
        positions: Mapping[str, Callable[[], float]],
        clock: Callable[[], float],
        *,
        stamped: bool = True,
    ) -> None:
        self._stream = stream
        self._positions = dict(positions)
        self._clock = clock
        self._stamped = stamped
        self._tracks: dict[str, Track] = {}

    @property
    def live(self) -> bool:
        """Whether frames come although nobody wants one."""
        return self._stream.live

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of a frame's values, where the stream knows it."""
        return self._stream.shape if isinstance(self._stream, KnowsShape) else None

    def open(self) -> None:
        """Open the stream, and read the positions for the first time."""
        self._tracks = {name: Track() for name in self._positions}
        self._sample()
        self._stream.open()

    def take(self, timeout: float) -> StreamFrame | None:
        """Return the next frame with its positions; None if none comes in time."""
        frame = self._stream.take(timeout)
        self._sample()
        if frame is None:
            return None
        stamp = frame.timestamp if self._stamped else math.nan
        own = {name: track.at(stamp) for name, track in self._tracks.items()}
        return replace(frame, coordinates={**frame.coordinates, **own})

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def _sample(self) -> None:
        for name, position in self._positions.items():
            before = self._clock()
            value = float(position())
            self._tracks[name].add(0.5 * (before + self._clock()), value)


class Track:
    """Where something was, by the latest readings of its position."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_REMEMBERED)
        self._values: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, time: float, value: float) -> None:
        """Note a reading; `time` must not run backwards."""
        self._times.append(time)
        self._values.append(value)

    def at(self, time: float) -> float:
        """Return the position at a time, between readings on a straight line; the latest for NaN or later times."""
        after = len(self._times) if math.isnan(time) else bisect_left(self._times, time)
        if after == len(self._times):
            return self._values[-1]
        if after == 0:
            return self._values[0]
        early, late = self._times[after - 1], self._times[after]
        share = (time - early) / (late - early) if late > early else 1.0
        return self._values[after - 1] + share * (self._values[after] - self._values[after - 1])
