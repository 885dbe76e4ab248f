"""What the record costs the plan for each event: run it with ``python tests/benchmarks/record/cost_per_event.py``.

It prints the milliseconds that the store keeps the plan's thread for an event, at the median and at the
99th percentile, and the seconds until the archive has everything after the last event; and the same for a subscriber
that does nothing and for Tiled's writer subscribed by itself.
"""

import argparse
import tempfile
import time

import numpy as np

from autoexp.data import open_store


def documents(num, shape):
    """Yield the documents of a run of `num` events with four numbers each, and a frame if `shape` is not empty."""
    rng = np.random.default_rng(0)
    start = {"uid": f"run-{num}-{'x'.join(map(str, shape))}", "time": 0.0}
    keys = {f"value_{k}": {"source": "benchmark", "dtype": "number", "shape": []} for k in range(4)}
    if shape:
        key = {"source": "benchmark", "dtype": "array", "dtype_numpy": "<u2", "shape": list(shape)}
        keys["frame"] = key
    descriptor = {"uid": f"{start['uid']}-d", "run_start": start["uid"], "time": 0.0, "name": "primary"}
    yield "start", start
    yield "descriptor", {**descriptor, "data_keys": keys, "configuration": {}, "object_keys": {}, "hints": {}}
    for number in range(1, num + 1):
        data = {name: float(rng.random()) for name in keys if name != "frame"}
        if shape:
            data["frame"] = rng.integers(0, 65535, size=shape, dtype=np.uint16)
        event = {"uid": f"{start['uid']}-{number}", "descriptor": descriptor["uid"], "seq_num": number}
        yield (
            "event",
            {**event, "time": float(number), "data": data, "timestamps": dict.fromkeys(data, 0.0), "filled": {}},
        )
    stop = {"uid": f"{start['uid']}-s", "run_start": start["uid"], "time": float(num), "exit_status": "success"}
    yield "stop", {**stop, "num_events": {"primary": num}}


def measure(subscriber, num, shape, period):
    """Return the wall and CPU milliseconds that the calling thread spends on each event."""
    wall, cpu = [], []
    for name, document in documents(num, shape):
        began, busy = time.perf_counter(), time.thread_time()
        subscriber(name, document)
        spent = time.perf_counter() - began
        if name == "event":
            wall.append(1e3 * spent)
            cpu.append(1e3 * (time.thread_time() - busy))
            time.sleep(max(0.0, period - spent))
    return np.array(wall), np.array(cpu)


def report(label, period, wall, cpu, drained):
    """Print one line."""
    half = len(wall) // 2
    growth = np.median(wall[half:]) / np.median(wall[:half])
    middle, late = np.percentile(wall, [50, 99])
    busy, busy_late = np.percentile(cpu, [50, 99])
    print(
        f"{label:34} {len(wall):5d} events every {1e3 * period:.0f} ms: wall {middle:.2f} ms (99 % {late:.2f}), "
        f"CPU {busy:.2f} ms (99 % {busy_late:.2f}), second half / first {growth:.2f}, drained in {drained:.1f} s",
        flush=True,
    )


def main(frames, scalars):
    """Print what the store costs, and beside it a subscriber that does nothing and Tiled's writer by itself."""
    from bluesky_tiled_plugins import TiledWriter

    for label, num, shape, period in (("scalars", scalars, (), 0.01), ("512x512 frames", frames, (512, 512), 0.1)):
        with tempfile.TemporaryDirectory() as folder, open_store(folder) as store:
            wall, cpu = measure(store, num, shape, period)
            began = time.perf_counter()
            store.flush(600)
            report(f"{label}, store", period, wall, cpu, time.perf_counter() - began)
        report(f"{label}, nothing", period, *measure(lambda name, document: None, min(num, 100), shape, period), 0.0)
    with tempfile.TemporaryDirectory() as folder, open_store(folder) as store:
        writer = TiledWriter(store.catalog, batch_size=1)
        report("scalars, TiledWriter, batch of 1", 0.01, *measure(writer, min(scalars, 100), (), 0.01), 0.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--scalars", type=int, default=1000)
    options = parser.parse_args()
    main(options.frames, options.scalars)
