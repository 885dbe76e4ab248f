"""Comparisons on a real Dask cluster: a scheduler and two workers in processes of their own."""

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
import numpy as np
from distributed import Client, LocalCluster
from autoexp.bench import compare

if __name__ == "__main__":
    sizes = dict(budget=3, seeds=2, progress=False)
    where = dict(dashboard_address=None, local_directory=sys.argv[1])
    with LocalCluster(n_workers=2, threads_per_worker=1, **where) as cluster:
        with Client(cluster) as client:
            there = compare(["sobol", "random"], "transition", client=client, **sizes)
            ran = client.run(lambda: "autoexp.bench.trial" in __import__("sys").modules)
            tried = compare(["sobol", "map"], "mirrors", client=client, **sizes)
    here = compare(["sobol", "random"], "transition", workers=0, **sizes)
    np.testing.assert_array_equal(there.data.score, here.data.score)
    np.testing.assert_array_equal(there.data.beam_time, here.data.beam_time)
    print("ran on", sum(ran.values()), "workers; failed", sorted(tried.failures))
"""


@pytest.mark.slow
def test_a_cluster_gives_what_this_process_gives(tmp_path):
    pytest.importorskip("distributed")
    script = tmp_path / "on_dask.py"
    script.write_text(_SCRIPT)
    ran = subprocess.run(
        [sys.executable, script, str(tmp_path)], capture_output=True, text=True, timeout=280, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "ran on 2 workers" in ran.stdout
    for seed in (0, 1):
        assert f"map, seed {seed}: ObjectiveError" in ran.stdout
