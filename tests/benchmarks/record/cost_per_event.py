"""What the record costs the plan for each event: run it with ``python tests/benchmarks/record/cost_per_event.py``.

It prints the milliseconds that the store keeps the plan's thread for an event, at the median and at the
99th percentile, and the seconds until the archive has everything after the last event.
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


def measure(store, num, shape, period):
    """Return the milliseconds for each event, and the seconds of draining."""
    cost = []
    for name, document in documents(num, shape):
        began = time.perf_counter()
        store(name, document)
        spent = time.perf_counter() - began
        if name == "event":
            cost.append(1e3 * spent)
            time.sleep(max(0.0, period - spent))
    began = time.perf_counter()
    store.flush(600)
    return np.array(cost), time.perf_counter() - began


def main(frames, scalars):
    with tempfile.TemporaryDirectory() as folder, open_store(folder) as store:
        for label, num, shape, period in (("scalars", scalars, (), 0.01), ("512x512 frames", frames, (512, 512), 0.1)):
            cost, drained = measure(store, num, shape, period)
            half = len(cost) // 2
            growth = np.median(cost[half:]) / np.median(cost[:half])
            median, late = np.percentile(cost, [50, 99])
            print(
                f"{label:15} {num:5d} events every {1e3 * period:.0f} ms: median {median:.2f} ms, 99 % {late:.2f} ms, "
                f"second half / first {growth:.2f}, drained in {drained:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--scalars", type=int, default=1000)
    options = parser.parse_args()
    main(options.frames, options.scalars)
