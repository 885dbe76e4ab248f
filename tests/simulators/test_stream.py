"""Frames from a server in a process of its own, reduced here."""

import os
import socket
import subprocess
import sys
from threading import Event

import pytest

from autoexp.flags import Flags
from autoexp.reduction import BeamStatistics
from autoexp.streams import Accumulator, Beginning, StreamReduction, WholeReading
from autoexp.streams.pva import PvaFrames

pytest.importorskip("p4p")

_SERVER = """
import os, sys, time
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.stream import FrameStream
stream = FrameStream("test:frames", mirrors_beamline(seed=0).detector, period=0.02)
print("ready", flush=True)
sys.stdin.read()
stream.close()
"""


@pytest.fixture
def settings():
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        ports = tcp.getsockname()[1], udp.getsockname()[1]
    return {
        "EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_PVAS_SERVER_PORT": str(ports[0]),
        "EPICS_PVAS_BROADCAST_PORT": str(ports[1]),
        "EPICS_PVA_ADDR_LIST": "127.0.0.1",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_BROADCAST_PORT": str(ports[1]),
    }


@pytest.fixture
def server(settings):
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=os.environ | settings | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.communicate(timeout=30)


@pytest.mark.slow
def test_frames_from_another_process_are_reduced_and_counted(server, settings):
    reading = Accumulator(Beginning(BeamStatistics()))
    with StreamReduction(PvaFrames("test:frames", settings=settings), patience=60.0) as reduction:
        reduction.begin(WholeReading(reading), 6).result(120)
        counters = reduction.counters
    assert counters.reduced == 6
    assert counters.seen == counters.reduced + counters.dropped + counters.skipped + counters.waiting
    values = reading.read()
    assert values["size"].value > 0
    assert values["size"].n_frames == 6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autoexp.errors.StreamWarning")
def test_frames_that_nobody_had_room_for_are_missed_and_flagged(server, settings):
    observer, reading, go = (
        PvaFrames("test:frames", settings=settings),
        Accumulator(Beginning(BeamStatistics())),
        Event(),
    )

    class Held(WholeReading):
        def absorb(self, arrivals):
            assert go.wait(60)
            return super().absorb(arrivals)

    slow = StreamReduction(PvaFrames("test:frames", room=2, settings=settings), batch=1, room=1)
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


def taken(stream):
    while (frame := stream.take(60.0)) is None:
        pass
    return frame
