"""Frames per second through each source of a stream into two reducers, and latencies at a steady rate.

``python tests/benchmarks/reduction/streams.py --output table.md``. Producer and reducer share this machine: frames
come from another process but for those in memory. The
floor is what the reducer takes for the same frames in memory, in batches of as many. Latency is from a frame's arrival
until it is reduced, with 50 frames a second or fewer. Lost are those at full
speed for which the client's queue had no room.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from autoexp.reduction import AzimuthalIntegration, BeamStatistics, FrameMeta, FrameSpec, Poni  # noqa: E402
from autoexp.streams import (  # noqa: E402
    Accumulator,
    Beginning,
    FrameStream,
    IteratedFrames,
    PvaFrames,
    StreamReduction,
    SwmrFrames,
    WholeReading,
    ZmqFrames,
)

BATCH = 16
PERIOD = 0.02
"""Seconds between frames where latency is measured."""

_PVA = """
import sys, numpy as np, time
from p4p.nt import NTNDArray
from p4p.server import Server
from p4p.server.thread import SharedPV
name, size, period = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
kind = NTNDArray()
frame = np.random.default_rng(0).poisson(20, (size, size)).astype("u2")
value = kind.wrap(frame)
pv = SharedPV(initial=value)
with Server(providers=[{name: pv}]):
    print("ready", flush=True)
    number, due = 0, time.monotonic()
    while True:
        number, due = number + 1, due + period
        value["uniqueId"] = number
        pv.post(value)
        time.sleep(max(0.0, due - time.monotonic()))
"""

_ZMQ = """
import sys, time, numpy as np, zmq
from autoexp.streams import StreamFrame
from autoexp.streams.zeromq import encoded
size, period = int(sys.argv[1]), float(sys.argv[2])
socket = zmq.Context().socket(zmq.PUSH)
socket.set(zmq.SNDHWM, 8)
port = socket.bind_to_random_port("tcp://127.0.0.1")
message = encoded(StreamFrame(np.random.default_rng(0).poisson(20, (size, size)).astype("u2"), 0))
print(port, flush=True)
while True:
    socket.send_multipart(message, copy=False)
    time.sleep(period)
"""

_HDF5 = """
import sys, time, h5py, numpy as np
path, size, frames, period = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
frame = np.random.default_rng(0).poisson(20, (size, size)).astype("u2")
with h5py.File(path, "w", libver="latest") as file:
    data = file.create_dataset("data", (0, size, size), "u2", maxshape=(None, size, size), chunks=(1, size, size))
    file.swmr_mode = True
    for number in range(frames):
        data.resize(number + 1, 0)
        data[number] = frame
        data.flush()
        time.sleep(period)
"""


def frame_of(size: int) -> np.ndarray:
    return np.random.default_rng(0).poisson(20, (size, size)).astype(np.uint16)


@contextmanager
def memory(size: int, number: int, period: float) -> Iterator[FrameStream]:
    frame = frame_of(size)

    def frames() -> Iterator[np.ndarray]:
        for _ in range(number):
            time.sleep(period)
            yield frame

    yield IteratedFrames(frames())


@contextmanager
def zeromq(size: int, number: int, period: float) -> Iterator[FrameStream]:
    command = [sys.executable, "-c", _ZMQ, str(size), str(period)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield ZmqFrames(f"tcp://127.0.0.1:{process.stdout.readline().strip()}")
        process.kill()


@contextmanager
def hdf5(size: int, number: int, period: float) -> Iterator[FrameStream]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.h5"
        with subprocess.Popen([sys.executable, "-c", _HDF5, str(path), str(size), str(number), str(period)]):
            yield SwmrFrames(path, "data")


@contextmanager
def pva(size: int, number: int, period: float) -> Iterator[FrameStream]:
    name = f"bench:{os.getpid()}:{size}"
    command = [sys.executable, "-c", _PVA, name, str(size), str(period)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield PvaFrames(name)
        process.kill()


SOURCES: dict[str, Callable[[int, int, float], Any]] = {
    "memory": memory,
    "0MQ PULL": zeromq,
    "HDF5 SWMR": hdf5,
    "PVAccess": pva,
}


def reducers(size: int) -> dict[str, Any]:
    geometry = Poni((size, size), (172e-6, 172e-6), 0.2, (0.4 * size * 172e-6, 0.45 * size * 172e-6))
    return {"azimuthal, 1000 bins": AzimuthalIntegration(geometry, bins=1000), "beam": BeamStatistics()}


def direct(reducer: Any, size: int, number: int) -> tuple[float, float]:
    """Return frames per second of the reducer alone, and CPU seconds of a frame."""
    frames = torch.from_numpy(np.stack([frame_of(size)] * BATCH))
    state = reducer.update(reducer.init(FrameSpec((size, size))), frames, FrameMeta())
    began, used = time.perf_counter(), time.process_time()
    for _ in range(number // BATCH):
        state = reducer.update(state, frames, FrameMeta())
    reducer.read(state)
    done = number // BATCH * BATCH
    return done / (time.perf_counter() - began), (time.process_time() - used) / done


def measure(source: Any, reducer: Any, size: int, number: int, period: float = 0.0) -> tuple[float, float, Any]:
    """Return frames per second, CPU seconds of a frame in this process, and the counters."""
    beginning = Beginning(reducer)
    beginning.state((size, size))
    frames, room = source(size, number + 2 * BATCH, period), 4 * BATCH
    with frames as stream, StreamReduction(stream, batch=BATCH, room=room, patience=60.0) as reduction:
        reduction.begin(WholeReading(Accumulator(beginning)), BATCH).result(120)
        before = reduction.counters.missed
        began, used = time.perf_counter(), time.process_time()
        reduction.begin(WholeReading(Accumulator(beginning)), number).result(300)
        seconds, used = time.perf_counter() - began, time.process_time() - used
        return number / seconds, used / number, replace(reduction.counters, missed=reduction.counters.missed - before)


def main() -> None:
    import warnings

    from autoexp.errors import StreamWarning

    warnings.simplefilter("ignore", StreamWarning)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--frames", type=int, default=320)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [
        "| reducer | frames | source | frames/s | GB/s | CPU (ms/frame) | latency p50 (ms) | p99 (ms) | lost |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in (512, 1024):
        for name, reducer in reducers(size).items():
            told = f"| {name} | {size} x {size} uint16 |"
            rate, used = direct(reducer, size, options.frames)
            rows.append(
                f"{told} reducer alone | {rate:.0f} | {rate * size * size * 2e-9:.2f} | {used * 1e3:.2f} | | | |"
            )
            print(rows[-1], flush=True)
            for source, make in SOURCES.items():
                rate, used, fast = measure(make, reducer, size, options.frames)
                counters = measure(make, reducer, size, options.frames // 4, PERIOD)[2]
                late = f"{counters.latency_p50 * 1e3:.1f} | {counters.latency_p99 * 1e3:.1f}"
                speed = f"{rate:.0f} | {rate * size * size * 2e-9:.2f} | {used * 1e3:.2f}"
                rows.append(f"{told} {source} | {speed} | {late} | {fast.missed + fast.dropped} |")
                print(rows[-1], flush=True)
    table = "\n".join(rows)
    if options.output:
        options.output.write_text(table + "\n")


if __name__ == "__main__":
    main()
