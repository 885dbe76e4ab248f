"""Measures run after run in forks of this process and kills each at a random moment; prints what each told, as JSON.

Arguments: the store's folder, how many runs.
"""

import functools
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np
from bluesky import RunEngine
from bluesky.plan_stubs import sleep, trigger_and_read
from bluesky.preprocessors import run_decorator

from autoexp.data import catalog, open_store

EVENTS = 30
PERIOD = 0.003

MOMENTS = {
    "opening the store": ("opening", 1, 0.6),
    "opening the run": ("start", 1, 0.004),
    "first event": ("descriptor", 1, 0.01),
    "any event": ("event", EVENTS - 1, 0.01),
    "archive at work": ("event", 20, 0.1),
    "stop": ("event", EVENTS, 0.02),
    "draining": ("stop", 1, 0.3),
}
"""Kind of document after which to kill, up to which of that kind, and the seconds of delay at most."""


class Readable:
    """A device without ophyd, whose import begins threads, with which no process may fork."""

    parent = None

    def __init__(self, name, key, func):
        self.name, self._key, self._func = name, key, func

    def read(self):
        return {self.name: {"value": self._func(), "timestamp": time.time()}}

    def describe(self):
        return {self.name: {"source": "test"} | self._key}

    def read_configuration(self):
        return {}

    def describe_configuration(self):
        return {}


def measure(folder, pipe, number):
    """Measure one run; tell of each document when the subscription before, the store, has it."""
    os.write(pipe, b"opening\n")
    values = itertools.count(1)
    counter = Readable("number", {"dtype": "integer", "shape": []}, lambda: next(values))
    array = {"dtype": "array", "shape": [6, 8], "dtype_numpy": "<u2"}
    camera = Readable("camera", array, lambda: np.full((6, 8), number, dtype=np.uint16))

    @run_decorator(md={"kill": number})
    def plan():
        for _ in range(EVENTS):
            yield from trigger_and_read([counter, camera])
            yield from sleep(PERIOD)

    engine = RunEngine({}, context_managers=[])
    engine.subscribe(open_store(folder))
    engine.subscribe(lambda name, _: os.write(pipe, f"{name}\n".encode()))
    engine(plan())
    time.sleep(60)


def kill_one(folder, number, rng):
    """Return what a run told before it was killed."""
    moment = list(MOMENTS)[number % len(MOMENTS)]
    kind, most, delay = MOMENTS[moment]
    wanted, delay = rng.randint(1, most), rng.uniform(0.0, delay)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            measure(folder, write, number)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(write)
    told = []
    with os.fdopen(read) as lines:
        while told.count(kind) < wanted and (line := lines.readline()):
            told.append(line.strip())
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        told += [line.strip() for line in lines if line.endswith("\n")]
    assert os.WIFSIGNALED(status), f"a run must live until it is killed, got exit status {status}"
    return {"kill": number, "moment": moment, "told": told}


if __name__ == "__main__":
    catalog._app = functools.cache(catalog._app)  # building it takes longer than a run
    with open_store(sys.argv[1]):
        pass
    catalog._app.cache_clear()
    catalog._app((Path(sys.argv[1]) / "catalog").resolve())
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    assert not others, f"a process must have one thread to be forked, got {others}"
    random_moments = random.Random(6)
    print(json.dumps([kill_one(sys.argv[1], number, random_moments) for number in range(int(sys.argv[2]))]))
