"""Frames from a file that another process writes."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from autoexp.errors import MeasurementError, StreamEndError
from autoexp.reduction import BeamStatistics
from autoexp.streams import Accumulator, Beginning, StreamReduction, WholeReading
from autoexp.streams.swmr import SwmrFrames

_WRITER = """
import sys, h5py, numpy as np
packed, rows = {"compression": sys.argv[2]} if sys.argv[2] else {}, int(sys.argv[3])
with h5py.File(sys.argv[1], "w", libver="latest") as file:
    whole, chunk = (None, 24, 32), (rows, 24, 32)
    data = file.create_dataset("entry/data", (0, 24, 32), "u2", maxshape=whole, chunks=chunk, **packed)
    time = file.create_dataset("entry/time", (0,), "f8", maxshape=(None,), chunks=(64,))
    file.swmr_mode = True
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            n = len(data)
            time.resize(n + 1, 0)
            time[n] = 1e9 + n
            time.flush()
            data.resize(n + 1, 0)
            data[n] = np.full((24, 32), n + 1, "u2")
            data.flush()
        print(len(data), flush=True)
"""


class Writer:
    def __init__(self, path, compression="", rows=1):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), compression, str(rows)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def write(self, frames):
        print(frames, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "frames.h5"


@pytest.fixture
def writer(path):
    writer = Writer(path)
    yield writer
    writer.process.communicate(timeout=30)


def test_frames_are_followed_as_another_process_writes_them(path, writer):
    waits = []

    def write_meanwhile(seconds):
        waits.append(seconds)
        if len(waits) % 2 == 0:
            writer.write(1)

    stream = SwmrFrames(path, "entry/data", timestamps="entry/time", frames=4, wait=write_meanwhile)
    stream.open()
    writer.write(2)
    frames = [stream.take(1.0) for _ in range(4)]
    with pytest.raises(StreamEndError, match="all 4"):
        stream.take(1.0)
    stream.close()
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert [frame.timestamp for frame in frames] == [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3]
    assert [int(frame.values[5, 7]) for frame in frames] == [1, 2, 3, 4]
    assert len(waits) == 4


def test_a_file_is_reduced_while_it_is_written(path, writer):
    reading = Accumulator(Beginning(BeamStatistics(background=0.0)))
    with StreamReduction(SwmrFrames(path, "entry/data", frames=30), batch=8) as reduction:
        future = reduction.begin(WholeReading(reading))
        for _ in range(3):
            writer.write(10)
        future.result(30)
        assert (reduction.counters.seen, reduction.counters.reduced, reduction.counters.missed) == (30, 30, 0)
    assert float(reading.read()["sum"].value) == pytest.approx(24 * 32 * 15.5)


@pytest.mark.parametrize("rows", [1, 4])
def test_compressed_chunks_are_followed_as_they_fill(path, rows):
    writer, stream = Writer(path, "gzip", rows), SwmrFrames(path, "entry/data", frames=6)
    stream.open()
    seen = []
    for more in (1, 2, 3):
        writer.write(more)
        seen += [stream.take(1.0) for _ in range(more)]
    stream.close()
    writer.process.communicate(timeout=30)
    assert [np.unique(frame.values).tolist() for frame in seen] == [[1], [2], [3], [4], [5], [6]]


def test_nothing_comes_of_a_file_that_is_not_there(path):
    waited = []
    stream = SwmrFrames(path, "data", wait=waited.append)
    stream.open()
    assert stream.take(0.1) is None
    assert sum(waited) == pytest.approx(0.1)
    with h5py.File(path, "w", libver="latest") as file:
        file["other"] = 1
    assert stream.take(0.0) is None
    with h5py.File(path, "a", libver="latest") as file:
        file["data"] = np.ones((1, 2, 3))
    assert stream.take(0.0).values.shape == (2, 3)
    stream.close()


def test_a_stream_of_no_frames_is_refused(path):
    with pytest.raises(MeasurementError, match="one frame or more"):
        SwmrFrames(path, "data", frames=0)
