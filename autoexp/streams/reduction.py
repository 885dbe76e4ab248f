"""From a stream to values: a thread that reads, a bounded queue, a thread that reduces."""

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from autoexp.errors import MeasurementError, ReductionError
from autoexp.streams.buffer import Absorbed, Arrival, FrameBuffer, Policy
from autoexp.streams.counters import StreamCounters
from autoexp.streams.frames import FrameStream, KnowsShape, StreamFrame

_POLL = 0.1
"""Seconds for which a stream is asked at once, and so the longest that closing takes a quiet one."""

_SMALLEST, _LARGEST = 1, 1024


class Sink(Protocol):
    """What frames are reduced into."""

    def absorb(self, arrivals: Sequence[Arrival]) -> Absorbed:
        """Reduce a batch, and say what became of its frames; on the worker."""

    def finish(self) -> None:
        """Read the values of what is left; on the worker, when the last frame is in."""


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    sink: Sink
    turn: int
    future: "Future[None]"


class StreamReduction:
    """Takes frames from a stream and reduces them in batches, with counters of every frame.

    While the worker reduces, frames wait in a bounded queue; the next batch is what waits by then, up to `batch`
    frames, so that batches are small where the stream is slow and large where it is fast.

    Parameters
    ----------
    stream
        Where frames come from; opened, read and closed on one thread.
    batch
        The most frames to reduce at once.
    room
        The most frames that may wait.
    policy
        What gives way when there is no room: with ``"block"`` the stream is not read, so that the source must wait
        (0MQ PUSH, a file) or lose frames by itself (PVAccess, 0MQ PUB: see `StreamCounters.missed`); with
        ``"drop_oldest"`` the frame that waited longest, which is counted and flagged in the reading.
    patience
        Seconds within which a wanted frame must arrive.
    clock
        Seconds, for latencies and patience.

    Raises
    ------
    ReductionError
        If `batch` or `room` hold no frame.
    """

    def __init__(
        self,
        stream: FrameStream,
        *,
        batch: int = 32,
        room: int = 256,
        policy: Policy = "block",
        patience: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not _SMALLEST <= batch <= _LARGEST:
            raise ReductionError(f"batch must be {_SMALLEST} to {_LARGEST} frames, got {batch}")
        self._stream = stream
        self._batch = batch
        self._patience = patience
        self._new_buffer = partial(FrameBuffer, room, policy, clock, warns=stream.live)
        self._buffer = self._new_buffer()
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._latest: Future[None] | None = None
        self._seen: tuple[int, ...] | None = None
        self._came = threading.Event()
        self._threads: tuple[threading.Thread, ...] = ()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def counters(self) -> StreamCounters:
        """The balance since it was opened."""
        return self._buffer.counters

    def shape(self, patience: float) -> tuple[int, ...] | None:
        """Return the shape of the frames, as the stream tells it or as the first frame had it; None if neither does.

        Parameters
        ----------
        patience
            Seconds to wait for a frame of an open stream whose frames come although nobody wants one.
        """
        told = self._stream.shape if isinstance(self._stream, KnowsShape) else None
        if told is None and self._stream.live and self._threads:
            self._came.wait(patience)
        return self._seen if told is None else told

    def open(self) -> None:
        """Open the stream and begin to read it; nothing where it is open.

        Raises
        ------
        Exception
            Whatever the stream raises.
        """
        if self._threads:
            return
        self._buffer, self._requests = self._new_buffer(), queue.SimpleQueue()
        opened: Future[None] = Future()
        self._threads = (
            threading.Thread(target=self._read, args=(self._buffer, opened), name="autoexp-stream", daemon=True),
            threading.Thread(
                target=self._work, args=(self._buffer, self._requests), name="autoexp-stream-reduce", daemon=True
            ),
        )
        for thread in self._threads:
            thread.start()
        try:
            opened.result()
        except BaseException:
            self.close()
            raise

    def begin(self, sink: Sink, frames: float = math.inf) -> "Future[None]":
        """Reduce the next frames that arrive; what an earlier call left under way is given up.

        Parameters
        ----------
        sink
            Reduces them.
        frames
            How many; infinite until `finish` or the end of the stream.

        Returns
        -------
            Done when all are reduced; holds what the stream or the sink raised.

        Raises
        ------
        MeasurementError
            If the stream is not open.
        """
        if not self._threads:
            raise MeasurementError("a stream must be open to be reduced, got one that is closed")
        self._give_up()
        future: Future[None] = Future()
        self._latest = future
        self._requests.put(_Request(sink, self._buffer.want(frames, self._patience), future))
        return future

    def finish(self) -> None:
        """Let in no more frames; those that wait are still reduced."""
        self._buffer.enough()

    def close(self) -> None:
        """Give up what is under way, close the stream and end the threads."""
        self._give_up()
        self._buffer.shut_down()
        self._requests.put(None)
        threads, self._threads = self._threads, ()
        for thread in threads:
            thread.join()

    def _give_up(self) -> None:
        """End an earlier reading without values, so that nobody waits for what nobody wants."""
        if self._latest is not None:
            _settle(self._latest, None)

    def _read(self, buffer: FrameBuffer, opened: "Future[None]") -> None:
        try:
            self._stream.open()
            opened.set_result(None)
            while not buffer.shut:
                if not self._stream.live:
                    buffer.wait_until_wanted()
                frame = self._stream.take(_POLL)
                if frame is None:
                    buffer.nothing_came()
                else:
                    self._note(frame)
                    buffer.put(frame)
        except BaseException as error:
            buffer.end(error)
            with suppress(InvalidStateError):
                opened.set_exception(error)
        finally:
            self._stream.close()

    def _note(self, frame: StreamFrame) -> None:
        """Remember what frames look like."""
        self._seen = frame.values.shape
        self._came.set()

    def _work(self, buffer: FrameBuffer, requests: "queue.SimpleQueue[_Request | None]") -> None:
        while (request := requests.get()) is not None:
            _settle(request.future, self._serve(buffer, request))

    def _serve(self, buffer: FrameBuffer, request: _Request) -> BaseException | None:
        arrivals: Sequence[Arrival] = ()
        try:
            while arrivals := buffer.take(request.turn, self._batch):
                buffer.settle(request.sink.absorb(arrivals))
            request.sink.finish()
        except BaseException as error:
            if arrivals:
                buffer.settle(Absorbed(dropped=len(arrivals)))
            buffer.abandon()
            return error
        return buffer.verdict(request.turn)


def _settle(future: "Future[None]", error: BaseException | None) -> None:
    with suppress(InvalidStateError):
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
