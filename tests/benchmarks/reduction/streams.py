"""Frames per second through each source of a stream into two reducers, and latencies at a steady rate.

``python tests/benchmarks/reduction/streams.py --output table.md``. Producer and reducer share this machine: 0MQ
frames are pushed by a thread of this process, PVAccess frames and the HDF5 file are written by another process. The
floor is what the reducer takes for the same frames in memory, in batches of as many. Latency is from a frame's arrival
until it is reduced, with 50 frames a second or fewer. Lost are those at full
speed for which the client's queue had no room.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
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
    StreamFrame,
    StreamReduction,
    SwmrFrames,
    WholeReading,
    ZmqFrames,
)
from autoexp.streams.zeromq import encoded  # noqa: E402

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
    import zmq

    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.set(zmq.SNDHWM, 8)
        socket.set(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        message = encoded(StreamFrame(frame_of(size), 0))
        ended = threading.Event()

        def push() -> None:
            while not ended.is_set():
                if socket.poll(100, zmq.POLLOUT):
                    socket.send_multipart(message, copy=False)
                    time.sleep(period)

        thread = threading.Thread(target=push)
        thread.start()
        yield ZmqFrames(f"tcp://127.0.0.1:{port}")
        ended.set()
        thread.join()


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


def direct(reducer: Any, size: int, number: int) -> float:
    """Return frames per second of the reducer alone."""
    frames = torch.from_numpy(np.stack([frame_of(size)] * BATCH))
    state = reducer.update(reducer.init(FrameSpec((size, size))), frames, FrameMeta())
    began = time.perf_counter()
    for _ in range(number // BATCH):
        state = reducer.update(state, frames, FrameMeta())
    reducer.read(state)
    return number // BATCH * BATCH / (time.perf_counter() - began)


def measure(source: Any, reducer: Any, size: int, number: int, period: float = 0.0) -> tuple[float, Any]:
    """Return frames per second and the counters."""
    beginning = Beginning(reducer)
    beginning.state((size, size))
    frames, room = source(size, number + 2 * BATCH, period), 4 * BATCH
    with frames as stream, StreamReduction(stream, batch=BATCH, room=room, patience=60.0) as reduction:
        reduction.begin(WholeReading(Accumulator(beginning)), BATCH).result(120)
        before = reduction.counters.missed
        began = time.perf_counter()
        reduction.begin(WholeReading(Accumulator(beginning)), number).result(300)
        seconds = time.perf_counter() - began
        return number / seconds, replace(reduction.counters, missed=reduction.counters.missed - before)


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
        "| reducer | frames | source | frames/s | GB/s | latency p50 (ms) | p99 (ms) | lost |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in (512, 1024):
        for name, reducer in reducers(size).items():
            rate = direct(reducer, size, options.frames)
            told = f"| {name} | {size} x {size} uint16 |"
            rows.append(f"{told} reducer alone | {rate:.0f} | {rate * size * size * 2e-9:.2f} | | | |")
            print(rows[-1], flush=True)
            for source, make in SOURCES.items():
                rate, fast = measure(make, reducer, size, options.frames)
                _, counters = measure(make, reducer, size, options.frames // 4, PERIOD)
                late = f"{counters.latency_p50 * 1e3:.1f} | {counters.latency_p99 * 1e3:.1f}"
                lost = fast.missed + fast.dropped
                rows.append(f"{told} {source} | {rate:.0f} | {rate * size * size * 2e-9:.2f} | {late} | {lost} |")
                print(rows[-1], flush=True)
    table = "\n".join(rows)
    if options.output:
        options.output.write_text(table + "\n")


if __name__ == "__main__":
    main()
