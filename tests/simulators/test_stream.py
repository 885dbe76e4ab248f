"""Frames from a server in a process of its own, reduced here."""

import os
import socket
import subprocess
import sys
import time

import pytest
import torch

from autoexp.reduction import BeamStatistics
from autoexp.reduction.records import FrameMeta, FrameSpec

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
    from autoexp.reduction.streams import StreamedFrames

    reducer = BeamStatistics()
    with StreamedFrames("test:frames", room=2, settings=settings) as stream:
        first = next(stream.frames(1, timeout=60.0))
        state = reducer.init(FrameSpec(first.shape))
        for frame in stream.frames(5, timeout=60.0):
            state = reducer.update(state, torch.from_numpy(frame)[None], FrameMeta())
        assert (stream.seen, first.ndim) == (6, 2)
        before = stream.dropped
        time.sleep(1.0)
        list(stream.frames(2, timeout=60.0))
        assert stream.dropped > before
    assert reducer.read(state)["size"].value > 0
