"""A stream as a Bluesky device."""

import threading
import time

import numpy as np
import pytest
import torch
from bluesky import plans as bp
from bluesky.protocols import Flyable, Preparable, Readable, Stageable, Triggerable
from bluesky.utils import FailedStatus
from event_model import DocumentNames, schema_validators

from autoexp import Minimize, Space
from autoexp.errors import MeasurementError, ReductionError, StreamEndError
from autoexp.flags import Flags
from autoexp.reduction import AzimuthalIntegration, BeamStatistics, FrameMeta, FrameSpec, Poni
from autoexp.streams import CountersReading, Flight, IteratedFrames, StreamDetector, StreamFrame, StreamReduction
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.stream import camera_frames

SHAPE = (40, 50)


def spot(x):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return 500 * np.exp(-((columns - x) ** 2 + (rows - 18.0) ** 2) / (2 * 2.0**2)) + 1.0


def centroid(x, frames=3):
    reducer = BeamStatistics()
    state = reducer.update(reducer.init(FrameSpec(SHAPE)), torch.from_numpy(np.stack([spot(x)] * frames)), FrameMeta())
    return float(reducer.read(state)["centroid_x"].value)


def detector(source, reducer=None, **settings):
    stream = StreamReduction(IteratedFrames(source))
    return StreamDetector(stream, reducer or BeamStatistics(), name="spot", device="cpu", **settings)


def until_reduced(device, count):
    deadline = time.monotonic() + 60
    while device.counters.reduced < count:
        assert time.monotonic() < deadline, f"{count} frames must be reduced, got {device.counters}"
        time.sleep(0.001)


def test_it_is_what_bluesky_expects():
    for protocol in (Readable, Triggerable, Stageable, Flyable, Preparable):
        assert isinstance(detector([]), protocol)


def test_each_point_has_the_next_frames(RE):
    documents = []
    RE.subscribe(lambda name, doc: documents.append((name, doc)))
    det = detector([spot(20.0)] * 3 + [spot(24.0)] * 3, frames=3)
    RE(bp.count([det], num=2))
    events = [doc["data"] for name, doc in documents if name == "event"]
    assert [event["spot_centroid_x"] for event in events] == [centroid(20.0), centroid(24.0)]
    assert [event["spot_flags"] for event in events] == [Flags.NONE, Flags.NONE]
    for name, doc in documents:
        schema_validators[DocumentNames[name]].validate(doc)


def test_arrays_have_their_axes_in_the_configuration(RE):
    geometry = Poni(SHAPE, (1e-3, 1e-3), 0.1, (0.02, 0.025))
    det = detector([np.ones(SHAPE, np.uint16)] * 2, AzimuthalIntegration(geometry, bins=12), frames=2)
    documents = []
    RE.subscribe(lambda name, doc: documents.append((name, doc)))
    RE(bp.count([det]))
    descriptor = next(doc for name, doc in documents if name == "descriptor")
    assert descriptor["data_keys"]["spot_intensity"]["dims"] == ["q"]
    assert len(descriptor["configuration"]["spot"]["data"]["spot_intensity_q"]) == 12
    event = next(doc for name, doc in documents if name == "event")
    assert np.shape(event["data"]["spot_intensity"]) == (12,)


def test_before_any_trigger_there_is_nothing():
    reading = detector([]).read()
    assert np.isnan(reading["spot_size"]["value"])
    assert reading["spot_flags"]["value"] == Flags.NO_FRAMES


def test_a_stream_that_ends_fails_the_point(RE):
    with pytest.raises(FailedStatus) as failed:
        RE(bp.count([detector([spot(20.0)] * 2, frames=3)]))
    assert isinstance(failed.value.__cause__, StreamEndError)


def test_it_works_without_a_run_engine():
    det = detector([spot(20.0)] * 5, frames=2)
    det.trigger().wait(30)
    det.trigger().wait(30)
    assert det.counters.reduced == 4
    det.close()
    assert det.read()["spot_centroid_x"]["value"] == centroid(20.0, frames=2)


def test_counters_are_read_like_a_device(RE):
    det = detector([spot(20.0)] * 5, frames=5)
    documents = []
    RE.subscribe(lambda name, doc: documents.append((name, doc)))
    RE(bp.count([det, CountersReading(det)]))
    event = next(doc["data"] for name, doc in documents if name == "event")
    assert event["spot_stream_seen"] >= 0
    for name, doc in documents:
        schema_validators[DocumentNames[name]].validate(doc)


def test_bins_are_collected_as_the_motion_goes_on():
    frames = [StreamFrame(spot(20.0 + x), n, coordinates={"x": x}) for n, x in enumerate(np.arange(0.5, 4.0, 0.25))]
    under_way, collected = sum(frame.coordinates["x"] < 3.5 for frame in frames), threading.Event()

    def motion():
        yield from frames[:under_way]
        collected.wait(60)
        yield from frames[under_way:]

    det = detector(motion())
    det.prepare(Flight("x", 0.0, 4.0, 4, "mm")).wait(1)
    keys = det.describe_collect()
    det.kickoff().wait(1)
    until_reduced(det, under_way)
    early = list(det.collect())
    collected.set()
    until_reduced(det, len(frames))
    assert len(early) == 2
    det.complete().wait(30)
    events = early + list(det.collect())
    det.close()
    assert all(set(event["data"]) == set(keys) for event in events)
    assert (keys["x"]["units"], len(events)) == ("mm", 4)
    assert sum(event["data"]["spot_frames"] for event in events) == len(frames)


def test_what_cannot_be_is_refused(RE):
    with pytest.raises(ReductionError, match="one or more"):
        detector([], frames=0)
    with pytest.raises(MeasurementError, match="must be prepared"):
        detector([]).kickoff()
    with pytest.raises(MeasurementError, match="must fly before"):
        detector([]).complete()


def test_an_agent_is_driven_by_a_stream(RE):
    beamline = mirrors_beamline(seed=0)
    stream = StreamReduction(IteratedFrames(camera_frames(beamline.detector, beamline.clock)))
    det = StreamDetector(stream, BeamStatistics(), name="spot", frames=2, device="cpu")
    agent = SobolAgent(Space(beamline.dofs), Minimize("spot_size"), seed=1)
    campaign = result_of(RE, adaptive_scan([det], agent, num=4))
    assert len(campaign.observations) == 4
    best = agent.best()
    expected = beamline.scene.expected({name: np.array([value]) for name, value in best.point.items()})
    assert best.mean["spot_size"] == pytest.approx(float(expected["spot_size"][0]), rel=0.1)


def result_of(RE, plan):
    found = []

    def keep():
        found.append((yield from plan))

    RE(keep())
    return found[0]
