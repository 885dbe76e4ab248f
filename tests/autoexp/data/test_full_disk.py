"""A disk that is full in the middle of a run."""

import json
import subprocess
import sys

import numpy as np

from autoexp.data import open_store

_MEASURE = """
import json, resource, signal, sys
from bluesky import RunEngine
from bluesky.plans import count
from bluesky.plan_stubs import trigger_and_read
from bluesky.preprocessors import run_decorator
from ophyd.sim import SynSignal
from autoexp.data import open_store
from autoexp.errors import StoreError
import itertools

value = itertools.count()
numbers = SynSignal(name="number", func=lambda: next(value))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
emitted = []

@run_decorator()
def plan():
    for event in itertools.count():
        if event == 5:
            (lines,) = (store.folder / "journal").glob("*.jsonl")
            resource.setrlimit(resource.RLIMIT_FSIZE, (lines.stat().st_size + 10, resource.RLIM_INFINITY))
        yield from trigger_and_read([numbers])

engine = RunEngine({}, context_managers=[])
store = open_store(sys.argv[1])
engine.subscribe(store)
engine.subscribe(lambda name, doc: emitted.append(name))
try:
    engine(plan())
except StoreError as error:
    told = str(error)
state = engine.state
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
(after,) = engine(count([numbers], 3))
store.close()
print(json.dumps({"told": told, "state": state, "emitted": emitted.count("event"), "after": after}))
"""


def test_a_full_disk_ends_the_run_and_leaves_what_was_written(folder):
    """The limit on a file's size is what a full disk is to a process: a write that fails, with no privileges needed."""
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(folder)], check=False, capture_output=True, text=True, timeout=280
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["told"].startswith("a document must be on disk before the scan goes on, got [Errno 27]")
    assert found["state"] == "idle"
    with open_store(folder) as store:
        full, after = store.runs()
        assert after.uid == found["after"]
        assert (after.points, after.status) == (3, "success")
        assert full.status == "abort"
        np.testing.assert_array_equal(store.read(full.uid)["number"], 1 + np.arange(5))
