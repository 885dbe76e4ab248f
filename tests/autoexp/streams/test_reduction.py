"""Streams into reducers: the balance of frames, back-pressure, errors, and threads that end."""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from autoexp.errors import MeasurementError, ReductionError, StreamEndError, StreamWarning
from autoexp.flags import Flags
from autoexp.reduction import BeamStatistics
from autoexp.streams import Accumulator, Beginning, IteratedFrames, StreamFrame, StreamReduction, WholeReading
from autoexp.streams.buffer import Absorbed, FrameBuffer

FRAME = np.random.default_rng(0).poisson(20, (24, 32)).astype(np.uint16)
FRAME[10:13, 10:13] += 500


def beam():
    return Accumulator(Beginning(BeamStatistics()))


@dataclass
class Gate:
    """A stream that hands out frames only as far as a test lets it."""

    numbers: Sequence
    taken: int = 0
    allowed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    passed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    error: Exception | None = None
    closed: bool = False
    live: bool = True

    def open(self):
        self.taken = 0

    def take(self, timeout):
        self.passed.release()
        if not self.allowed.acquire(timeout=timeout):
            return None
        if self.taken == len(self.numbers):
            raise self.error or StreamEndError("the end")
        self.taken += 1
        return StreamFrame(FRAME, self.numbers[self.taken - 1])

    def close(self):
        self.closed = True

    def let(self, n):
        for _ in range(n):
            self.allowed.release()


class Hold:
    """A sink whose worker waits until a test lets it go on."""

    def __init__(self, accumulator):
        self.inner = WholeReading(accumulator)
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.sizes = []

    def absorb(self, arrivals):
        self.begun.release()
        assert self.go.acquire(timeout=30)
        self.sizes.append(len(arrivals))
        return self.inner.absorb(arrivals)

    def finish(self):
        self.inner.finish()


def balanced(counters):
    parts = counters.reduced + counters.dropped + counters.skipped + counters.waiting
    return counters.seen == parts


def test_a_reading_of_a_stream_is_that_of_its_frames():
    reading, frames = beam(), [FRAME] * 20
    with StreamReduction(IteratedFrames(frames), batch=8) as reduction:
        reduction.begin(WholeReading(reading), 20).result(30)
        counters = reduction.counters
    values = reading.read()
    assert values["sum"].n_frames == 20
    assert values["sum"].flags == Flags.NONE
    assert (counters.seen, counters.reduced, counters.dropped, counters.waiting) == (20, 20, 0, 0)
    assert 0 <= counters.latency_p50 <= counters.latency_p99


def test_all_frames_until_the_end_of_the_stream():
    reading = beam()
    with StreamReduction(IteratedFrames([FRAME] * 7), batch=3) as reduction:
        reduction.begin(WholeReading(reading)).result(30)
    assert reading.read()["sum"].n_frames == 7


def test_a_stream_that_ends_too_early_fails_the_reading():
    with StreamReduction(IteratedFrames([FRAME] * 3)) as reduction:
        future = reduction.begin(WholeReading(beam()), 5)
        with pytest.raises(StreamEndError, match="must have 5 frames, got 3"):
            future.result(30)


@pytest.mark.filterwarnings("ignore::autoexp.errors.StreamWarning")
def test_the_oldest_give_way_and_every_frame_is_counted():
    stream, reading = Gate(tuple(range(100))), beam()
    sink = Hold(reading)
    with StreamReduction(stream, batch=4, room=6, policy="drop_oldest") as reduction:
        future = reduction.begin(sink)
        stream.let(1)
        assert sink.begun.acquire(timeout=30)
        stream.let(40)
        while stream.taken < 41 or not stream.passed.acquire(timeout=30):
            pass
        while reduction.counters.seen < 41:
            stream.passed.acquire(timeout=30)
        counters = reduction.counters
        assert (counters.seen, counters.dropped, counters.waiting, counters.reduced) == (41, 34, 7, 0)
        reduction.finish()
        for _ in range(3):
            sink.go.release()
        future.result(30)
        counters = reduction.counters
    assert sink.sizes == [1, 4, 2]
    assert (counters.reduced, counters.dropped, counters.high_water) == (7, 34, 7)
    assert balanced(counters)
    assert reading.read()["sum"].flags == Flags.FRAMES_LOST
    assert reading.read()["sum"].n_frames == 7


@pytest.mark.filterwarnings("ignore::autoexp.errors.StreamWarning")
def test_a_reading_of_n_frames_has_them_though_others_were_dropped():
    stream, sink = Gate(range(10_000)), Hold(beam())
    with StreamReduction(stream, batch=2, room=4, policy="drop_oldest") as reduction:
        future = reduction.begin(sink, 8)
        stream.let(30)
        while not future.done():
            stream.let(1)
            sink.go.release()
            sink.begun.acquire(timeout=0.05)
        future.result(0)
        counters = reduction.counters
    assert sum(sink.sizes) == counters.reduced == 8
    assert balanced(counters)


@pytest.mark.filterwarnings("ignore::autoexp.errors.StreamWarning")
def test_a_full_queue_blocks_the_source_and_loses_nothing():
    stream, sink = Gate(tuple(range(100))), Hold(beam())
    with StreamReduction(stream, batch=4, room=6) as reduction:
        future = reduction.begin(sink, 30)
        stream.let(100)
        assert sink.begun.acquire(timeout=30)
        while (counters := reduction.counters).waiting < sum(sink.sizes) + 6:
            pass
        assert counters.dropped == 0
        assert counters.seen <= 4 + 6 + 1
        for _ in range(30):
            sink.go.release()
        future.result(30)
        counters = reduction.counters
    assert (counters.reduced, counters.dropped) == (30, 0)
    assert counters.high_water <= 4 + 6 + 1
    assert balanced(counters)


def test_a_growing_queue_warns_before_it_is_full():
    buffer = FrameBuffer(10, "drop_oldest", time.monotonic)
    buffer.want(math.inf)

    def arrive(numbers):
        for number in numbers:
            buffer.put(StreamFrame(FRAME, number))

    arrive(range(4))
    with pytest.warns(StreamWarning, match="5 of at most 10 wait") as found:
        arrive(range(4, 30))
    assert len(found) == 1
    assert buffer.counters.waiting == 10


def test_gaps_in_the_numbering_are_missed_frames_and_flagged():
    reading = beam()
    frames = [StreamFrame(FRAME, number) for number in (4, 5, 8, 9, 12)]
    with StreamReduction(IteratedFrames(frames)) as reduction:
        reduction.begin(WholeReading(reading), 5).result(30)
        assert (reduction.counters.seen, reduction.counters.missed) == (5, 4)
    assert reading.read()["sum"].flags == Flags.FRAMES_LOST


def test_frames_that_nobody_wants_are_skipped():
    stream = Gate(tuple(range(20)))
    with StreamReduction(stream) as reduction:
        stream.let(5)
        while reduction.counters.seen < 5:
            stream.passed.acquire(timeout=30)
        future = reduction.begin(WholeReading(beam()), 3)
        stream.let(5)
        future.result(30)
        while reduction.counters.seen < 10:
            stream.passed.acquire(timeout=30)
        counters = reduction.counters
    assert (counters.skipped, counters.reduced) == (7, 3)
    assert stream.closed


def test_what_the_source_raises_reaches_whoever_waits():
    stream = Gate((0, 1), error=OSError("the cable is out"))
    with StreamReduction(stream) as reduction:
        future = reduction.begin(WholeReading(beam()))
        stream.let(3)
        with pytest.raises(OSError, match="cable"):
            future.result(30)
        with pytest.raises(OSError, match="cable"):
            reduction.begin(WholeReading(beam()), 1).result(30)


def test_a_source_that_cannot_be_opened_says_so():
    class Closed(Gate):
        def open(self):
            raise OSError("no route to host")

    with pytest.raises(OSError, match="no route"):
        StreamReduction(Closed(())).open()


def test_what_the_reducer_raises_reaches_whoever_waits_and_the_next_reading_works():
    class Broken(Hold):
        def absorb(self, arrivals):
            raise ReductionError("a bad day")

    with StreamReduction(IteratedFrames([FRAME] * 40), batch=2, room=3) as reduction:
        with pytest.raises(ReductionError, match="a bad day"):
            reduction.begin(Broken(beam()), 20).result(30)
        while reduction.counters.waiting:
            pass
        reduction.begin(WholeReading(beam()), 5).result(30)
        counters = reduction.counters
    assert counters.reduced == 5
    assert counters.dropped >= 1
    assert balanced(counters)


def test_a_silent_source_fails_the_reading_when_patience_is_over():
    seconds = [0.0]

    class Silent(Gate):
        def take(self, timeout):
            seconds[0] += 1.0
            return

    with StreamReduction(Silent(()), patience=5.0, clock=lambda: seconds[0]) as reduction:
        future = reduction.begin(WholeReading(beam()), 1)
        with pytest.raises(MeasurementError, match="must come within 5 s"):
            future.result(30)


def test_closing_gives_up_and_ends_the_threads():
    before = set(threading.enumerate())
    stream = Gate(tuple(range(9)))
    reduction = StreamReduction(stream)
    reduction.open()
    future = reduction.begin(WholeReading(beam()), 5)
    reduction.close()
    assert future.done()
    assert set(threading.enumerate()) == before
    assert stream.closed
    with pytest.raises(MeasurementError, match="must be open"):
        reduction.begin(WholeReading(beam()), 5)
    reduction.open()
    reduction.close()


@pytest.mark.parametrize("settings", [{"batch": 0}, {"room": 0}, {"policy": "hope"}])
def test_what_makes_no_sense_is_refused(settings):
    with pytest.raises(ReductionError, match="must be"):
        StreamReduction(IteratedFrames([]), **settings)


def test_frames_of_two_shapes_are_refused():
    with StreamReduction(IteratedFrames([FRAME, FRAME[1:]]), batch=2) as reduction:
        future = reduction.begin(WholeReading(beam()), 2)
        with pytest.raises(ReductionError, match=r"one shape|as the state is"):
            future.result(30)


def test_latency_is_from_arrival_to_reduced():
    seconds = [0.0]

    class Slow(Hold):
        def __init__(self):
            super().__init__(beam())

        def absorb(self, arrivals):
            seconds[0] += 2.0
            return Absorbed(len(arrivals))

    with StreamReduction(IteratedFrames([FRAME]), clock=lambda: seconds[0]) as reduction:
        reduction.begin(Slow(), 1).result(30)
        assert reduction.counters.latency_p50 == 2.0
