"""Frames from a server in a process of its own, reduced here."""

import os
import subprocess
import sys
from threading import Event

import numpy as np
import pytest
from event_model import unpack_event_page

from autoexp.flags import Flags
from autoexp.reduction import BeamStatistics
from autoexp.reduction.measurement import FutureStatus
from autoexp.streams import Accumulator, Beginning, StreamDetector, StreamReduction, WholeReading
from autoexp.streams.pva import PvaFrames
from autoexp.worker import Worker
from autoexp_plans import fly_scan
from autoexp_simulators import mirrors_beamline

pytest.importorskip("p4p")

_SERVER = """
import os, sys, time
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.stream import FrameStream
beamline = mirrors_beamline(seed=0, speed=1.0)
motor = beamline.dofs[0].movable
beamline.detector.exposure.put(0.02)
stream = FrameStream("test:frames", beamline.detector, period=0.02, attributes={"v_pitch": motor.readback.get})
print("ready", flush=True)
for line in sys.stdin:
    velocity, target = map(float, line.split())
    motor.velocity.put(velocity)
    motor.set(target).wait()
    print("there", flush=True)
stream.close()
"""


@pytest.fixture
def server(pva_settings):
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=os.environ | pva_settings | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.communicate(timeout=30)


@pytest.mark.slow
def test_frames_from_another_process_are_reduced_and_counted(server, pva_settings):
    reading = Accumulator(Beginning(BeamStatistics()))
    with StreamReduction(PvaFrames("test:frames", settings=pva_settings), patience=60.0) as reduction:
        reduction.begin(WholeReading(reading), 6).result(120)
        counters = reduction.counters
    assert counters.reduced == 6
    assert counters.seen == counters.reduced + counters.dropped + counters.skipped + counters.waiting
    values = reading.read()
    assert values["size"].value > 0
    assert values["size"].n_frames == 6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autoexp.errors.StreamWarning")
def test_frames_that_nobody_had_room_for_are_missed_and_flagged(server, pva_settings):
    observer, reading, go = (
        PvaFrames("test:frames", settings=pva_settings),
        Accumulator(Beginning(BeamStatistics())),
        Event(),
    )

    class Held(WholeReading):
        def absorb(self, arrivals):
            assert go.wait(60)
            return super().absorb(arrivals)

    slow = StreamReduction(PvaFrames("test:frames", room=2, settings=pva_settings), batch=1, room=1)
    with slow as reduction:
        future = reduction.begin(Held(reading), 12)
        observer.open()
        first = taken(observer)
        while taken(observer).number < first.number + 30:
            pass
        observer.close()
        go.set()
        future.result(60)
        counters = reduction.counters
    assert counters.missed >= 15
    assert (counters.reduced, counters.dropped) == (12, 0)
    assert reading.read()["size"].flags & Flags.FRAMES_LOST
    assert first.values.ndim == 2
    assert first.timestamp > 1e9


class RemoteMotor:
    """The motor in the server's process."""

    name, parent, limits, egu = "v_pitch", None, (-35.0, 35.0), "urad"

    def __init__(self, process):
        self.process = process
        self.worker = Worker("remote-motor")
        self.speed = 40.0

    def set(self, value):
        return FutureStatus(self.worker.submit(self._go, value))

    def _go(self, value):
        print(self.speed, value, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "there\n"
        self.speed = 4.0

    def describe(self):
        return {}

    read = read_configuration = describe_configuration = describe


@pytest.mark.slow
def test_frames_of_another_process_are_binned_while_its_motor_flies(server, pva_settings, RE):
    events = []
    RE.subscribe(lambda name, doc: events.extend(unpack_event_page(doc)) if name == "event_page" else None)
    motor = RemoteMotor(server)
    stream = StreamReduction(PvaFrames("test:frames", coordinates=("v_pitch",), settings=pva_settings))
    detector = StreamDetector(stream, BeamStatistics(), name="spot", device="cpu")
    try:
        RE(fly_scan(detector, motor, -8.0, 8.0, bins=4, grace=1.0))
    finally:
        motor.worker.close()
    counters = detector.counters
    bins = [event["data"] for event in events]
    assert len(bins) == 4
    assert all(each["spot_frames"] > 0 for each in bins)
    places = np.array([each["v_pitch"] for each in bins])
    assert np.ptp(places) > 8.0
    assert (np.diff(places) > 0).all()
    scene = mirrors_beamline(seed=0).scene
    points = {name: np.zeros(4) for name in scene.names} | {"v_pitch": places}
    expected, found = scene.expected(points)["spot_centroid_y"], [each["spot_centroid_y"] for each in bins]
    np.testing.assert_allclose(found, expected, atol=0.5 * abs(np.diff(expected)).min())
    assert counters.seen == counters.reduced + counters.dropped + counters.skipped + counters.waiting
    assert counters.reduced == sum(each["spot_frames"] for each in bins)


def taken(stream):
    while (frame := stream.take(60.0)) is None:
        pass
    return frame
