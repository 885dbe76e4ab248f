"""Several processes at one store."""

import json
import subprocess
import sys
from itertools import count

import numpy as np
from bluesky.plan_stubs import sleep, trigger_and_read
from bluesky.preprocessors import run_decorator
from ophyd.sim import SynSignal

_READ = """
import json, sys
from autoexp.data import open_store
with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    for line in sys.stdin:
        run = store.catalog[line.strip()]
        seen = run["primary"].read()["number"].values.tolist() if "primary" in run else []
        print(json.dumps([seen, (run.metadata.get("stop") or {}).get("exit_status", "open")]), flush=True)
"""


def reader(folder):
    return subprocess.Popen(
        [sys.executable, "-c", _READ, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def ask(process, uid):
    process.stdin.write(f"{uid}\n")
    return json.loads(process.stdout.readline())


def test_two_processes_read_right_values_while_one_writes(recording, store, folder):
    value = count()
    numbers = SynSignal(name="number", func=lambda: next(value))
    answers = []

    @run_decorator()
    def plan():
        for event in range(60):
            yield from trigger_and_read([numbers])
            if event % 20 == 19:
                store.flush()
                uid = store.runs().rows[-1].uid
                answers.extend((event + 1, *ask(process, uid)) for process in readers)
            yield from sleep(0)

    with reader(folder) as first, reader(folder) as second:
        readers = (first, second)
        assert [process.stdout.readline() for process in readers] == ["ready\n"] * 2
        (uid,) = recording(plan())
        store.flush()
        answers.extend((60, *ask(process, uid)) for process in readers)
        for process in readers:
            process.stdin.close()
    assert [status for _, _, status in answers] == ["open"] * 6 + ["success"] * 2
    for emitted, seen, _ in answers:
        np.testing.assert_array_equal(seen, 1 + np.arange(emitted))


def test_two_processes_that_make_the_same_store_at_once(tmp_path):
    make = (
        "import sys; from autoexp.data import open_store; from autoexp.data.catalog import make_catalog\n"
        "import autoexp.data.server, tiled.catalog.core, tiled.alembic_utils; print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "with open_store(sys.argv[1]) as store:\n"
        "    store('start', {'uid': sys.argv[2], 'time': 1.0})\n"
        "    stop = {'uid': sys.argv[2] + '-s', 'run_start': sys.argv[2], 'time': 2.0, 'exit_status': 'success'}\n"
        "    store('stop', stop)\n"
        "    store.flush()\n"
        "with open_store(sys.argv[1]) as store: print(sorted(row.uid for row in store.runs()))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", make, str(tmp_path / "store"), uid],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for uid in ("one", "two")
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert "['one', 'two']\n" in found
