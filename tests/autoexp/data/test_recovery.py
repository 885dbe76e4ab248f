"""What a process that dies leaves behind, and what the next one makes of it."""

import json
import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
import zarr
from bluesky.plans import count

from autoexp.data import Journal, journal_documents, open_store, resume
from autoexp.data.closing import closed
from autoexp.errors import StoreError, StoreWarning
from autoexp_plans import adaptive_scan

_MEASURE = """
import sys
import numpy as np
from bluesky import RunEngine
from bluesky.plan_stubs import sleep, trigger_and_read
from bluesky.preprocessors import run_wrapper
from ophyd.sim import SynSignal
from autoexp.data import open_store

number = iter(range(10**9))
counter = SynSignal(name="number", func=lambda: next(number))

def forever():
    while True:
        yield from trigger_and_read([counter])
        yield from sleep(0.01)

engine = RunEngine({}, context_managers=[])
engine.subscribe(open_store(sys.argv[1]))
engine.subscribe(lambda name, doc: print(name, doc["uid"], flush=True))
engine(run_wrapper(forever(), md={"sample": "gold"}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("events", [1, 7, 53])
def test_every_event_before_a_kill_is_readable(folder, events):
    command = [sys.executable, "-c", _MEASURE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = []
        for line in process.stdout:
            told.append(line.split())
            if [name for name, _ in told].count("event") >= events:
                break
        process.send_signal(signal.SIGKILL)
        told += [line.split() for line in process.stdout]
    emitted = [name for name, _ in told].count("event")
    uid = dict(told)["start"]
    with open_store(folder) as store:
        (row,) = store.search(sample="gold")
        assert (row.uid, row.status) == (uid, "abort")
        numbers = store.read(uid)["number"].values
        assert row.points == len(numbers) >= emitted
        np.testing.assert_array_equal(numbers, numbers[0] + np.arange(len(numbers)))


_DRIVE = """
import sys
from bluesky import RunEngine
from ophyd.sim import SynAxis, SynSignal
from autoexp import Dof, Maximize, Space
from autoexp.data import open_store
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan

x = SynAxis(name="x")
det = SynSignal(name="det", func=lambda: 100.0 - x.readback.get() ** 2)
engine = RunEngine({}, context_managers=[])
engine.subscribe(open_store(sys.argv[1]))
engine.subscribe(lambda name, doc: "det" in doc.get("data", {}) and print(doc["data"]["det"], flush=True))
engine(adaptive_scan([det], SobolAgent(Space([Dof(x, -5, 5)]), (Maximize("det"),)), num=10**6))
"""


@pytest.mark.slow
def test_a_scan_that_was_killed_goes_on_in_another_process(RE, folder, motor, det):
    command = [sys.executable, "-c", _DRIVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = [float(process.stdout.readline()) for _ in range(5)]
        process.send_signal(signal.SIGKILL)
        told += [float(line) for line in process.stdout]
    with open_store(folder) as store:
        (row,) = store.runs()
        campaign = resume((store, row.uid), devices=[motor])
        known = [observation.values["det"] for observation in campaign.observations]
        assert known[: len(told)] == told
        RE.subscribe(store)
        (uid,) = RE(adaptive_scan([det], campaign, num=3))
        assert store.run(uid).metadata["start"]["continues"] == row.uid
    assert len(campaign.observations) == len(known) + 3
    points = [observation.point["x"] for observation in campaign.observations]
    assert len(set(points)) == len(points)


def test_a_run_that_the_archive_refused_is_written_when_it_has_ended(recording, store, det, monkeypatch):
    from bluesky_tiled_plugins import TiledWriter

    take, refusals = TiledWriter.__call__, iter([True])

    def refuse_once(self, name, document):
        if name == "event" and next(refusals, False):
            raise ConnectionError("the archive is away")
        take(self, name, document)

    monkeypatch.setattr(TiledWriter, "__call__", refuse_once)
    (uid,) = recording(count([det], 3))
    assert store.read(uid).sizes["time"] == 3
    assert store.run(uid).metadata["stop"]["exit_status"] == "success"
    assert len(store.runs()) == 1


def _unwritten(RE, folder, frames, monkeypatch):
    """Measure a run that the journal has and the archive has not."""
    from bluesky_tiled_plugins import TiledWriter

    def refuse(self, name, document):
        raise ConnectionError("the archive is away")

    store = open_store(folder)
    token = RE.subscribe(store)
    with monkeypatch.context() as patched:
        patched.setattr(TiledWriter, "__call__", refuse)
        (uid,) = RE(count([frames], 3))
        with pytest.warns(StoreWarning, match=f"run '{uid}' is safe on disk but not yet in the archive"):
            store.close()
    RE.unsubscribe(token)
    return uid


def test_a_run_that_the_archive_refuses_for_good_is_kept_and_told_of(RE, folder, frames, monkeypatch):
    uid = _unwritten(RE, folder, frames, monkeypatch)
    with open_store(folder) as again:
        assert again.read(uid).sizes["time"] == 3


def test_an_array_that_a_killed_process_left_out_of_the_catalog_is_written_anew(RE, folder, frames, monkeypatch):
    uid = _unwritten(RE, folder, frames, monkeypatch)
    left = folder / "catalog" / "arrays" / uid / "primary" / "camera"
    zarr.create_array(left, shape=(1, 6, 8), dtype="u2")
    with open_store(folder) as again:
        np.testing.assert_array_equal(again.read(uid)["camera"][:, 0, 0], 65000 + np.arange(3))


def test_a_store_that_cannot_be_opened_leaves_no_thread_and_no_file_open(RE, folder, frames, monkeypatch):
    uid = _unwritten(RE, folder, frames, monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr("autoexp.data.archive.RunWriter.__call__", _fail)
        with pytest.raises(RuntimeError, match="no writer"):
            open_store(folder)
    with open_store(folder) as again:
        assert again.read(uid).sizes["time"] == 3


def _fail(self, name, document):
    raise RuntimeError("no writer")


def test_another_process_leaves_a_run_alone_that_is_being_measured(store, folder):
    store("start", {"uid": "a-run", "time": 1.0})
    store.flush()
    script = (
        "import sys; from autoexp.data import open_store\n"
        "with open_store(sys.argv[1]) as store: print([row.status for row in store.runs()])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True, timeout=200
    )
    assert answer.stdout.splitlines()[-1] == "['open']"
    store("stop", {"uid": "its-end", "run_start": "a-run", "time": 2.0, "exit_status": "success", "num_events": {}})
    assert [row.status for row in store.runs()] == ["success"]


class TestJournal:
    @pytest.fixture
    def journal(self, tmp_path):
        journal = Journal(tmp_path)
        yield journal
        journal.close()

    def test_arrays_keep_dtype_and_shape(self, journal):
        arrays = {"small": np.array([1, 2], dtype=np.uint16), "large": np.arange(60, dtype=np.int8).reshape(3, 20)}
        journal("start", {"uid": "a", "time": 1.0, **arrays})
        ((_, document),) = journal_documents(journal.folder, "a")
        for name, array in arrays.items():
            assert document[name].dtype == array.dtype
            np.testing.assert_array_equal(document[name], array)

    def test_nan_and_numpy_numbers(self, journal):
        journal("start", {"uid": "a", "time": np.float32(1.5), "x": float("nan"), "n": np.int64(3)})
        ((_, document),) = journal_documents(journal.folder, "a")
        assert (document["time"], document["n"]) == (1.5, 3)
        assert np.isnan(document["x"])

    def test_an_unfinished_last_line_is_no_document(self, journal):
        journal("start", {"uid": "a", "time": 1.0})
        with (journal.folder / "a.jsonl").open("a") as file:
            file.write('["stop", {"uid"')
        assert [name for name, _ in journal_documents(journal.folder, "a")] == ["start"]

    def test_no_such_run(self, journal):
        with pytest.raises(StoreError, match=r"to be read, got 'b'"):
            list(journal_documents(journal.folder, "b"))

    def test_a_full_disk_is_told_and_costs_nothing_that_was_written(self, journal):
        journal("start", {"uid": "a", "time": 1.0})
        written = (journal.folder / "a.jsonl").stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (written + 20, before[1]))
        try:
            with pytest.raises(StoreError, match=r"on disk before the scan goes on, got .*File too large"):
                journal("descriptor", {"uid": "d", "run_start": "a", "name": "primary" * 20})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        journal("stop", {"uid": "s", "run_start": "a", "time": 2.0})
        assert [name for name, _ in journal_documents(journal.folder, "a")] == ["start", "stop"]

    def test_lines_are_json(self, journal):
        journal("start", {"uid": "a", "time": 1.0})
        assert json.loads((journal.folder / "a.jsonl").read_text()) == ["start", {"uid": "a", "time": 1.0}]

    def test_released_runs_leave_no_file_open(self, journal):
        before = len(os.listdir("/proc/self/fd"))
        journal("start", {"uid": "a", "time": 1.0})
        journal.release("a")
        assert len(os.listdir("/proc/self/fd")) == before


def test_the_end_of_an_aborted_run_counts_a_rewound_event_once():
    documents = [("start", {"uid": "a", "time": 1.0}), ("descriptor", {"uid": "d", "name": "primary", "time": 1.0})]
    documents += [("event", {"descriptor": "d", "seq_num": number, "time": 2.0}) for number in (1, 2, 2, 3)]
    name, stop = closed(documents)[-1]
    assert (name, stop["exit_status"], stop["num_events"]) == ("stop", "abort", {"primary": 3})
    assert closed(closed(documents)) == closed(documents)
