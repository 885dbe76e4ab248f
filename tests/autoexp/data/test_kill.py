"""A process that is killed at a random moment of a run, fifty times: nothing that the plan emitted is lost."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autoexp.data import journal_documents, open_store

_KILLS = 50


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_event_before_a_kill_at_a_random_moment_is_readable(folder):
    command = [sys.executable, str(Path(__file__).parent / "killed_runs.py"), str(folder), str(_KILLS)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1400)
    kills = json.loads(ran.stdout)
    assert len(kills) == _KILLS, ran.stderr
    with open_store(folder) as store:
        rows = {store.run(row.uid).metadata["start"]["kill"]: row for row in store.runs()}
        assert {kill["kill"] for kill in kills if "start" in kill["told"]} <= set(rows)
        for kill in kills:
            if kill["kill"] in rows:
                check(store, rows[kill["kill"]], kill)
    assert "abort" in {row.status for row in rows.values()}


def check(store, row, kill):
    """The archive has what the journal has, that is no less than the run told of, and the run is closed."""
    names = [name for name, _ in journal_documents(store.folder / "journal", row.uid)]
    assert all(names.count(name) >= kill["told"].count(name) for name in ("start", "descriptor", "event", "stop"))
    assert row.status == ("success" if "stop" in names else "abort"), kill
    assert row.points == names.count("event"), kill
    if row.points:
        data = store.read(row.uid)
        np.testing.assert_array_equal(data["number"], 1 + np.arange(row.points))
        assert data["camera"].dtype == np.uint16
        assert (data["camera"] == kill["kill"]).all()
