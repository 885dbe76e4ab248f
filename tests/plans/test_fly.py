"""Fly scans: a motor that moves at its speed, and frames that are reduced meanwhile."""

import itertools
import math

import numpy as np
import pytest
import torch
from bluesky.utils import FailedStatus
from event_model import unpack_event_page

from autoexp.errors import LimitsError, MeasurementError, ReductionError
from autoexp.flags import Flags
from autoexp.reduction import BeamStatistics, FrameMeta, MultiTau
from autoexp.reduction.xpcs import Correlator, LabelledBins
from autoexp.streams import IteratedFrames, PositionedFrames, StreamDetector, StreamFrame, StreamReduction
from autoexp_plans import fly_scan
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.clock import Span

EXPOSURE, PERIOD = 0.1, 0.12


class SteppedClock:
    """Beamline time that goes on frame by frame, whatever the computer does meanwhile."""

    speed = 1.0

    def __init__(self):
        self._now, self._ends = 0.0, []

    def now(self):
        return self._now

    def spend(self, seconds, done, *, after=0.0):
        began = max(self._now, after)
        span = Span(began, began + seconds, lambda: self._ends.remove((span, done)))
        self._ends.append((span, done))
        return span

    def advance(self, seconds):
        self._now += seconds
        for each in [each for each in self._ends if each[0].ended <= self._now]:
            self._ends.remove(each)
            each[1](each[0])


@pytest.fixture
def documents(RE):
    found = []

    def note(name, doc):
        events = unpack_event_page(doc) if name == "event_page" else [doc]
        found.extend(("event" if name == "event_page" else name, each) for each in events)

    RE.subscribe(note)
    return found


@pytest.fixture
def beamline(monkeypatch):
    monkeypatch.setattr("autoexp_simulators.assembly.SimulatedClock", lambda speed: SteppedClock())
    return mirrors_beamline(seed=3)


def exposures(beamline):
    imager, clock = beamline.detector.imager, beamline.clock
    for number in itertools.count():
        began = clock.now()
        values = imager.expose(EXPOSURE, began)
        clock.advance(PERIOD)
        yield StreamFrame(values, number, began)


def flying(beamline, motor, **settings):
    frames = IteratedFrames(exposures(beamline), live=True)
    positioned = PositionedFrames(frames, {motor.name: lambda: motor.position}, beamline.clock.now)
    return StreamDetector(StreamReduction(positioned, **settings), BeamStatistics(), name="spot", device="cpu")


def events(documents, stream):
    descriptors = {doc["uid"]: doc["name"] for name, doc in documents if name == "descriptor"}
    return [doc["data"] for name, doc in documents if name == "event" and descriptors[doc["descriptor"]] == stream]


def test_frames_are_binned_by_where_the_motor_was(RE, documents, beamline):
    motor = beamline.dofs[0].movable
    detector = flying(beamline, motor)
    RE(fly_scan(detector, motor, -8.0, 8.0, bins=6, velocity=4.0, md={"sample": "none"}))

    start, stop = documents[0][1], documents[-1][1]
    assert (start["plan_name"], start["motors"], start["sample"]) == ("fly_scan", ["v_pitch"], "none")
    assert (stop["exit_status"], stop["num_events"]) == ("success", {"primary": 6, "counters": 1})
    bins = events(documents, "primary")
    positions = np.array([each["v_pitch"] for each in bins])
    edges = np.linspace(-8.0, 8.0, 7)
    assert ((edges[:-1] <= positions) & (positions <= edges[1:])).all()
    each_takes = 16.0 / 6 / 4.0 / PERIOD
    assert all(math.floor(each_takes) <= each["spot_frames"] <= math.ceil(each_takes) for each in bins[1:-1])
    others = {dof.name: dof.movable.position for dof in beamline.dofs}
    expected = beamline.scene.expected({name: np.full(6, at) for name, at in others.items()} | {"v_pitch": positions})
    found = np.array([each["spot_centroid_y"] for each in bins])
    step = abs(np.diff(expected["spot_centroid_y"])).mean()
    np.testing.assert_allclose(found, expected["spot_centroid_y"], atol=0.02 * step)
    assert motor.velocity.get() == 20.0

    counters = events(documents, "counters")[0]
    counts = {key: counters[f"spot_stream_{key}"] for key in ("seen", "reduced", "dropped", "skipped", "waiting")}
    assert counts["seen"] == counts["reduced"] + counts["dropped"] + counts["skipped"] + counts["waiting"]
    assert counts["reduced"] == sum(each["spot_frames"] for each in bins)
    assert (counts["dropped"], counts["waiting"]) == (0, 0)


def test_a_flight_downwards_has_its_bins_in_the_order_of_the_motion(RE, documents, beamline):
    motor = beamline.dofs[0].movable
    RE(fly_scan(flying(beamline, motor), motor, 6.0, -6.0, bins=4, velocity=6.0, flush=0.1))
    positions = [each["v_pitch"] for each in events(documents, "primary")]
    assert positions == sorted(positions, reverse=True)
    assert len(positions) == 4


def test_bins_without_frames_say_so(RE, documents):
    beamline = mirrors_beamline(seed=3)
    motor = beamline.dofs[0].movable
    stream = PositionedFrames(IteratedFrames([]), {motor.name: lambda: motor.position}, beamline.clock.now)
    detector = StreamDetector(StreamReduction(stream), BeamStatistics(), name="spot", device="cpu")
    RE(fly_scan(detector, motor, -1.0, 1.0, bins=3))
    bins = events(documents, "primary")
    assert [each["spot_frames"] for each in bins] == [0, 0, 0]
    assert np.allclose([each["v_pitch"] for each in bins], [-2 / 3, 0.0, 2 / 3])
    assert all(math.isnan(each["spot_size"]) and each["spot_flags"] == Flags.NO_FRAMES for each in bins)


def correlating(beamline, motor, **settings):
    frames = IteratedFrames(exposures(beamline), live=True)
    positioned = PositionedFrames(frames, {motor.name: lambda: motor.position}, beamline.clock.now)
    bins = LabelledBins(torch.ones(beamline.detector.image.get().shape, dtype=torch.int64))
    reducer = MultiTau(Correlator(bins, levels=2, channels=4, groups=4))
    return StreamDetector(StreamReduction(positioned), reducer, name="speckle", device="cpu", **settings)


def test_delays_are_declared_before_the_first_frame(RE, documents, beamline):
    motor = beamline.dofs[0].movable
    detector = correlating(beamline, motor, meta=lambda: FrameMeta(exposure=PERIOD))
    RE(fly_scan(detector, motor, -2.0, 2.0, bins=3, velocity=2.0))
    descriptor = next(doc for name, doc in documents if name == "descriptor" and doc["name"] == "primary")
    tau = descriptor["configuration"]["speckle"]["data"]["speckle_g2_tau"]
    assert tau[:3] == pytest.approx([0.0, PERIOD, 2 * PERIOD])
    for each in events(documents, "primary"):
        assert np.shape(each["speckle_g2"]) == tuple(descriptor["data_keys"]["speckle_g2"]["shape"]) == (1, len(tau))


def test_a_flight_whose_delays_nobody_knows_is_refused_before_anything_moves(RE, beamline):
    motor = beamline.dofs[0].movable
    before = motor.position
    with pytest.raises(ReductionError, match="got NaN along 'tau' of 'g2'"):
        RE(fly_scan(correlating(beamline, motor), motor, -2.0, 2.0, bins=3))
    assert motor.position == before


def test_frames_that_do_not_say_where_they_were_taken_fail_the_scan(RE):
    beamline = mirrors_beamline(seed=3)
    frames = IteratedFrames([np.ones((20, 20))] * 5)
    detector = StreamDetector(StreamReduction(frames), BeamStatistics(), name="spot", device="cpu")
    with pytest.raises((ReductionError, FailedStatus)) as failed:
        RE(fly_scan(detector, beamline.dofs[0].movable, -1.0, 1.0, bins=3))
    cause = failed.value if isinstance(failed.value, ReductionError) else failed.value.__cause__
    assert "must carry 'v_pitch'" in str(cause)


@pytest.mark.parametrize(
    ("arguments", "settings", "error"),
    [
        ((-500.0, 0.0), {"bins": 3}, LimitsError),
        ((0.0, 0.0), {"bins": 3}, ReductionError),
        ((0.0, 1.0), {"bins": 0}, ReductionError),
        ((0.0, 1.0), {"bins": 3, "velocity": 0.0}, MeasurementError),
    ],
)
def test_what_cannot_be_flown_is_refused_before_anything_moves(RE, arguments, settings, error):
    beamline = mirrors_beamline(seed=3)
    motor = beamline.dofs[0].movable
    stream = StreamReduction(IteratedFrames([]))
    with pytest.raises(error):
        RE(fly_scan(StreamDetector(stream, BeamStatistics(), name="spot"), motor, *arguments, **settings))
    assert beamline.clock.now() == 0.0
