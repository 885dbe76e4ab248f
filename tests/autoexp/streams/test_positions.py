"""Where the beamline stood when a frame was taken."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.streams import IteratedFrames, PositionedFrames, StreamFrame
from autoexp.streams.positions import Track


@given(st.lists(st.floats(0, 1e3), min_size=2, max_size=20, unique=True), st.floats(-5, 5), st.floats(-9, 9), st.data())
def test_a_steady_motion_is_followed_exactly(times, velocity, start, data):
    track = Track()
    for time in sorted(times):
        track.add(time, start + velocity * time)
    at = data.draw(st.floats(min(times), max(times)))
    assert track.at(at) == pytest.approx(start + velocity * at, abs=1e-6)


def test_outside_of_the_readings_it_is_the_nearest():
    track = Track()
    track.add(1.0, 10.0)
    track.add(2.0, 20.0)
    assert (track.at(0.0), track.at(3.0), track.at(math.nan)) == (10.0, 20.0, 20.0)


@pytest.mark.parametrize(("stamped", "expected"), [(True, [0.5, 1.5]), (False, [1.0, 2.0])])
def test_frames_carry_the_position_of_their_time(stamped, expected):
    now = [0.0]

    def frames():
        for number in range(2):
            now[0] += 1.0
            yield StreamFrame(np.zeros((2, 2)), number, now[0] - 0.5, {"energy": 7.0})

    stream = PositionedFrames(IteratedFrames(frames()), {"x": lambda: now[0]}, lambda: now[0], stamped=stamped)
    stream.open()
    found = [stream.take(0.0) for _ in range(2)]
    stream.close()
    assert [frame.coordinates["x"] for frame in found] == expected
    assert found[0].coordinates["energy"] == 7.0
    assert not stream.live
