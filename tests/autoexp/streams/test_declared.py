"""What a flight declares before its first frame."""

import json
import math
import time
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import Axis, BeamStatistics, FrameMeta, FrameSpec, MultiTau, Reduced, TwoTime
from autoexp.reduction.xpcs import Correlator, LabelledBins
from autoexp.streams import (
    Flight,
    IteratedFrames,
    PositionedFrames,
    StreamDetector,
    StreamFrame,
    StreamReduction,
    SwmrFrames,
)

SHAPE = (8, 10)
EXPOSURE = 0.02
FLIGHT = Flight("x", 0.0, 3.0, 3)


@dataclass(frozen=True)
class Columns:
    """The sum of all frames over each column: as long as frames are wide."""

    def init(self, spec):
        return np.zeros(spec.shape[1])

    def update(self, state, frames, meta):
        return state + frames.sum((0, 1)).numpy()

    def read(self, state):
        axis = {"x": Axis(np.arange(len(state), dtype=float), "px")}
        return {"columns": Reduced(state, np.sqrt(state), "count", ("x",), axis)}


class Quiet:
    """A detector that sends nothing before it is triggered, and does not know its frames."""

    live = True

    def open(self):
        pass

    def take(self, timeout):
        return None

    def close(self):
        pass


def correlator(**settings):
    return Correlator(LabelledBins(torch.ones(SHAPE, dtype=torch.int64)), levels=2, channels=4, groups=4, **settings)


def frames(n, shape=SHAPE):
    light = np.random.default_rng(1).poisson(50.0, (n, *shape))
    return [StreamFrame(each, i, coordinates={"x": 3.0 * i / n}) for i, each in enumerate(light)]


def exposed():
    return FrameMeta(exposure=EXPOSURE)


def flying(source, reducer, **settings):
    return StreamDetector(StreamReduction(source), reducer, name="det", device="cpu", **settings)


def axis_of(detector, name):
    return detector.read_configuration()[f"det_{name}"]["value"]


@pytest.mark.parametrize(
    ("reducer", "settings"),
    [
        (MultiTau(correlator()), {"meta": exposed}),
        (MultiTau(correlator(period=EXPOSURE)), {}),
    ],
    ids=["by the exposure of the detector", "by the period of the reducer"],
)
def test_delays_are_declared_before_the_first_frame(reducer, settings):
    detector = flying(IteratedFrames(iter(frames(30))), reducer, **settings)
    detector.prepare(FLIGHT)
    tau = axis_of(detector, "g2_tau")
    assert tau[:3] == pytest.approx([0.0, EXPOSURE, 2 * EXPOSURE])
    assert detector.describe()["det_g2"]["shape"] == [1, len(tau)]
    state = reducer.update(reducer.init(FrameSpec(SHAPE)), as_tensor(frames(30)), exposed())
    np.testing.assert_array_equal(reducer.read(state)["g2"].axes["tau"].values, tau)


def as_tensor(some):
    return torch.from_numpy(np.stack([each.values for each in some]))


def test_times_of_a_two_time_map_are_declared():
    detector = flying(
        IteratedFrames([]),
        TwoTime(LabelledBins(torch.ones(SHAPE, dtype=torch.int64)), window=4, groups=4),
        meta=exposed,
    )
    detector.prepare(FLIGHT)
    assert axis_of(detector, "two_time_t1") == pytest.approx(EXPOSURE * np.arange(4))


def test_a_flight_whose_delays_nobody_knows_is_refused():
    detector = flying(IteratedFrames(frames(3)), MultiTau(correlator()))
    with pytest.raises(ReductionError, match=r"got NaN along 'tau' of 'g2': give the reducer its period, or .* meta="):
        detector.prepare(FLIGHT)


def swmr(path):
    with h5py.File(path, "w", libver="latest") as file:
        file["data"] = np.ones((2, *SHAPE))
    return SwmrFrames(path, "data")


@pytest.mark.parametrize(
    "source",
    [
        lambda path: IteratedFrames(frames(3)),
        lambda path: IteratedFrames(np.ones((3, *SHAPE))),
        lambda path: PositionedFrames(IteratedFrames(frames(3)), {}, lambda: 0.0),
        swmr,
    ],
    ids=["sequence", "stack", "positioned", "file"],
)
def test_the_shape_of_frames_is_that_of_the_source(source, tmp_path):
    detector = flying(source(tmp_path / "frames.h5"), Columns())
    detector.prepare(FLIGHT)
    assert detector.describe()["det_columns"]["shape"] == [SHAPE[1]]


def test_the_shape_of_frames_may_be_given():
    detector = flying(Quiet(), Columns(), shape=SHAPE)
    detector.prepare(FLIGHT)
    assert detector.describe()["det_columns"]["shape"] == [SHAPE[1]]


def test_the_shape_of_frames_is_that_of_a_live_frame():
    source = IteratedFrames(iter(frames(3)), live=True)
    detector = flying(source, Columns())
    detector.stage()
    detector.prepare(FLIGHT)
    detector.unstage()
    assert detector.describe()["det_columns"]["shape"] == [SHAPE[1]]


def test_a_spectrum_is_a_frame_of_one_row():
    detector = flying(IteratedFrames(np.ones((3, 7))), Columns())
    detector.prepare(FLIGHT)
    assert detector.describe()["det_columns"]["shape"] == [7]


@pytest.mark.parametrize("source", [IteratedFrames([]), IteratedFrames(iter(frames(3))), SwmrFrames("none.h5", "data")])
def test_a_flight_whose_frames_nobody_knows_is_refused(source):
    with pytest.raises(ReductionError, match=r"got none, and another shape of 'columns'.*give the detector shape="):
        flying(source, Columns()).prepare(FLIGHT)


def test_frames_whose_shape_does_not_matter_need_none():
    detector = flying(Quiet(), BeamStatistics())
    detector.prepare(FLIGHT)
    assert detector.describe()["det_size"]["shape"] == []


def landed(detector):
    detector.stage()
    detector.prepare(FLIGHT)
    detector.kickoff()
    deadline = time.monotonic() + 60
    while detector.counters.reduced < 30:
        assert time.monotonic() < deadline, f"30 frames must be reduced, got {detector.counters}"
        time.sleep(0.001)
    detector.complete().wait(60)
    detector.unstage()
    return list(detector.collect())


def test_the_bins_are_as_declared():
    detector = flying(IteratedFrames(frames(30)), MultiTau(correlator()), meta=exposed)
    events = landed(detector)
    key = detector.describe_collect()["det_g2"]
    assert [np.shape(event["data"]["det_g2"]) for event in events] == [tuple(key["shape"])] * 3
    assert json.loads(detector.read_configuration()["det_settings"]["value"])["period"] is None


@pytest.mark.parametrize(
    ("reducer", "settings", "told"),
    [
        (Columns(), {"shape": (8, 9)}, r"another shape of 'columns', \(10,\) and not \(9,\)"),
        (
            MultiTau(correlator()),
            {"meta": iter([exposed()] + [FrameMeta(exposure=0.5)] * 30).__next__},
            "another axis 'tau' of 'g2'",
        ),
    ],
    ids=["shape", "exposure"],
)
def test_a_flight_that_is_not_as_declared_is_refused(reducer, settings, told):
    with pytest.raises(ReductionError, match=f"^values must be as declared before the flight, got {told}"):
        landed(flying(IteratedFrames(frames(30)), reducer, **settings))


def test_a_trigger_describes_its_own_values_again():
    detector = flying(IteratedFrames(frames(3)), Columns(), shape=(4, 5))
    detector.prepare(FLIGHT)
    detector.trigger().wait(60)
    detector.close()
    assert detector.describe()["det_columns"]["shape"] == [SHAPE[1]]
    assert not math.isnan(detector.read()["det_columns"]["value"][0])
