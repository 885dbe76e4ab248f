"""A scan that fails in another process costs no other scan."""

import subprocess
import sys

import pytest

from autoexp.bench import compare
from autoexp_agents import SobolAgent

from .scenes import peak_beamline

_SCRIPT = """
from autoexp.bench import compare
from autoexp_agents import RandomAgent


class Quits(RandomAgent):
    def suggest(self, n, pending):
        raise SystemExit(3)


class TwoWordsError(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


class Picky(RandomAgent):
    def suggest(self, n, pending):
        raise TwoWordsError("not", "today")


if __name__ == "__main__":
    agents = {"quits": Quits, "picky": Picky, "random": "random"}
    found = compare(agents, "mirrors", budget=2, seeds=2, workers=2, progress=False)
    print(found.final.notnull().sum("seed").values.tolist(), sorted(found.failures))
"""


@pytest.mark.slow
def test_agents_that_exit_or_fail_oddly_cost_no_other_scan(tmp_path):
    script = tmp_path / "odd.py"
    script.write_text(_SCRIPT)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=280, check=False)
    assert ran.returncode == 0, ran.stderr
    exits = [f"quits, seed {seed}: AutoexpError: a scan must not end its process, got SystemExit(3)" for seed in (0, 1)]
    picky = [f"picky, seed {seed}: TwoWordsError: not today" for seed in (0, 1)]
    assert ran.stdout.strip() == f"[0, 0, 2] {picky + exits}"


def leaving(space, objectives, seed):
    if seed == 0:
        raise SystemExit("no agent today")
    return SobolAgent(space, objectives, seed=seed)


def test_an_agent_that_exits_before_it_is_made_costs_no_other_scan():
    found = compare({"leaving": leaving}, peak_beamline, budget=2, seeds=2, workers=0, progress=False)
    assert found.failures == ("leaving, seed 0: SystemExit: no agent today",)
    assert found.final.notnull().values.tolist() == [[False, True]]
