"""Frames into bins of a motion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import BeamStatistics
from autoexp.streams import Accumulator, Beginning, BinnedReading, Flight, StreamFrame
from autoexp.streams.buffer import Arrival

FRAME = np.ones((8, 8), np.uint16)
BEGINNING = Beginning(BeamStatistics())


def arrivals(positions, gaps=()):
    frames = [StreamFrame(FRAME * (n + 1), n, coordinates={"x": x}) for n, x in enumerate(positions)]
    return [Arrival(frame, 0.0, frame.number in gaps) for frame in frames]


def binned(flight):
    return BinnedReading(flight, lambda: Accumulator(BEGINNING))


@given(
    st.lists(st.floats(-1.5, 1.5), max_size=30).map(sorted),
    st.booleans(),
    st.integers(1, 7),
    st.integers(1, 8),
)
def test_every_frame_of_a_steady_motion_is_in_its_bin(positions, down, bins, batch):
    if down:
        positions = positions[::-1]
    flight = Flight("x", *((1.0, -1.0) if down else (-1.0, 1.0)), bins)
    sink, all_of = binned(flight), arrivals(positions)
    balance = [sink.absorb(all_of[i : i + batch]) for i in range(0, len(all_of), batch)]
    sink.finish()
    readings = list(sink.ready())
    inside = [x for x in positions if -1.0 <= x <= 1.0]
    assert len(readings) == bins
    assert sum(each.n_frames for each in readings) == sum(each.reduced for each in balance) == len(inside)
    assert sum(each.skipped for each in balance) == len(positions) - len(inside)
    assert sum(each.dropped for each in balance) == 0
    for number, reading in enumerate(readings):
        members = [x for x in inside if flight.bin_of(x) == number]
        assert reading.n_frames == len(members) == reading.values["sum"].n_frames
        assert reading.position == pytest.approx(np.mean(members) if members else flight.centre(number), abs=1e-9)


def test_a_bin_is_read_when_the_motion_has_left_the_next():
    sink = binned(Flight("x", 0.0, 4.0, 4))
    sink.absorb(arrivals([0.5, 1.5, 0.9, 1.6]))
    assert list(sink.ready()) == []
    sink.absorb(arrivals([2.1]))
    assert [each.n_frames for each in sink.ready()] == [2]
    assert sink.absorb(arrivals([0.2, 2.2])).dropped == 1
    sink.finish()
    assert [each.n_frames for each in sink.ready()] == [2, 2, 0]


def test_only_the_bin_after_a_gap_is_flagged():
    sink = binned(Flight("x", 0.0, 3.0, 3))
    sink.absorb(arrivals([0.5, 1.2, 1.5, 2.5], gaps=[2]))
    sink.finish()
    flags = [each.values["sum"].flags & Flags.FRAMES_LOST for each in sink.ready()]
    assert flags == [Flags.NONE, Flags.FRAMES_LOST, Flags.NONE]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [((0.0, 1.0, 0), "one bin or more"), ((1.0, 1.0, 3), "lead somewhere"), ((0.0, np.inf, 3), "lead somewhere")],
)
def test_a_flight_that_makes_no_sense_is_refused(arguments, rule):
    with pytest.raises(ReductionError, match=rule):
        Flight("x", *arguments)
