import subprocess
import sys
import threading

import numpy as np
import pytest
from bluesky.plan_stubs import close_run, open_run, trigger_and_read
from bluesky.plans import count, scan
from ophyd.sim import SynSignal

from autoexp.data import open_store
from autoexp.errors import StoreError


def test_reads_back_values_with_units(recording, store, motor, det):
    (uid,) = recording(scan([det], motor, -1, 1, 5))
    data = store.read(uid)
    assert data["det"].dims == ("time",)
    np.testing.assert_array_equal(data["x"], np.linspace(-1, 1, 5))
    np.testing.assert_array_equal(data["det"], 100.0 - np.linspace(-1, 1, 5) ** 2)
    assert data["x"].attrs["units"] == "mm"
    assert data["time"].attrs["units"] == "s"


def test_frames_keep_their_dtype(recording, store, frames):
    (uid,) = recording(count([frames], 23))
    camera = store.read(uid)["camera"]
    assert camera.dims == ("time", "y", "x")
    assert camera.dtype == np.uint16
    assert camera.attrs["units"] == "counts"
    np.testing.assert_array_equal(camera[:, 0, 0], 65000 + np.arange(23))


def test_frames_without_a_declared_dtype_keep_theirs(recording, store, frames):
    frames._typed = False
    (uid,) = recording(count([frames], 2))
    assert store.read(uid)["camera"].dtype == np.uint16


def test_part_of_a_uid_will_do(recording, store, det):
    (uid,) = recording(count([det], 1))
    assert store.run(uid[:8]).metadata["start"]["uid"] == uid


def test_no_such_run(store):
    with pytest.raises(StoreError, match=r"a uid must begin that of one run, got 'beef', which begins nothing"):
        store.run("beef")


def test_no_such_stream(recording, store, det):
    (uid,) = recording(count([det], 1))
    with pytest.raises(StoreError, match=r"one of 'primary', got 'baseline'"):
        store.read(uid, "baseline")


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "notes").write_text("gold")
    with pytest.raises(StoreError, match=r"must be a folder, got the file '.*notes'"):
        open_store(tmp_path / "notes")


def test_search_by_metadata(recording, store, det):
    for sample, temperature in (("gold", 300.0), ("gold", 400.0), ("iron", 300.0)):
        recording(count([det], 1, md={"sample": {"name": sample}, "temperature": temperature}))
    assert len(store.search(sample__name="gold")) == 2
    (row,) = store.search(sample__name="gold", temperature=400.0)
    assert store.run(row.uid).metadata["start"]["temperature"] == 400.0
    assert len(store.search(sample__name="lead")) == 0


def test_runs_are_listed_oldest_first(recording, store, motor, det):
    recording(count([det], 2))
    recording(scan([det], motor, 0, 1, 3))
    assert [(row.plan, row.points, row.status) for row in store.runs()] == [
        ("count", 2, "success"),
        ("scan", 3, "success"),
    ]
    assert str(store.runs()).splitlines()[2].split()[3:] == ["scan", "3", "success"]


def test_another_process_reads_it_back(RE, folder, frames):
    with open_store(folder) as store:
        token = RE.subscribe(store)
        (uid,) = RE(count([frames], 3))
        RE.unsubscribe(token)
    script = (
        "import sys; from autoexp.data import open_store\n"
        "with open_store(sys.argv[1]) as store: data = store.read(sys.argv[2])\n"
        "print(data['camera'].dtype, data['camera'].shape, int(data['camera'].sum()))"
    )
    command = [sys.executable, "-c", script, str(folder), uid]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert answer.stdout.splitlines()[-1] == f"uint16 (3, 6, 8) {48 * (65000 + 65001 + 65002)}"


def test_no_thread_after_close(folder):
    before = set(threading.enumerate())
    open_store(folder).close()
    assert not [thread.name for thread in set(threading.enumerate()) - before if thread.name == "autoexp-archive"]


def test_strings_and_nan_come_back_as_they_were(recording, store):
    rows = iter([("", np.nan), ("", np.nan), ("gold", 1.5), ("", -np.inf), ("Au-1 µm", np.nan)])
    words, numbers = SynSignal(name="word", func=lambda: ""), SynSignal(name="number", func=lambda: 0.0)

    def plan():
        yield from open_run()
        for word, number in rows:
            words.sim_set_func(lambda word=word: word)
            numbers.sim_set_func(lambda number=number: number)
            yield from trigger_and_read([words, numbers])
        yield from close_run()

    (uid,) = recording(plan())
    data = store.read(uid)
    assert list(data["word"].values) == ["", "", "gold", "", "Au-1 µm"]
    np.testing.assert_array_equal(data["number"], [np.nan, np.nan, 1.5, -np.inf, np.nan])
    assert data["number"].dtype == np.float64
