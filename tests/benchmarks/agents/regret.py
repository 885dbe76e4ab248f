"""Regret of agents after a number of points, from the same Sobol starts: ``make bench-agents``.

Every finished search is a line of the results file, so that a run that was cut goes on where it was; the table is made
from the file. Rivals whose library is not installed are left out and named. One thread is used; ``--part 1/2`` runs
every second of what is missing.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import importlib.metadata  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from scipy.stats import qmc  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from others import OTHERS  # noqa: E402
from problems import PROBLEMS  # noqa: E402
from rivals import RIVALS  # noqa: E402
from table import last_of_each, read, summary, table  # noqa: E402

RESULTS = Path(__file__).parent / "results"


def search(problem, rival, seed):
    """Return the regret of the best reading and of what is recommended, and the CPU seconds per chosen point."""
    truth, noise = problem.truth(seed), np.random.default_rng([seed, 1])
    agent = rival(problem, seed)
    units = list(qmc.Sobol(problem.width, scramble=True, rng=seed).random(32)[: problem.starts])
    readings, seconds = [], 0.0
    for turn in range(problem.points):
        began = time.process_time()
        if turn >= problem.starts:
            units.append(np.clip(agent.ask(), 0.0, 1.0))
            seconds += time.process_time() - began
        fields = truth.at(units[turn])
        readings.append({name: value + problem.sigma * noise.standard_normal() for name, value in fields.items()})
        began = time.process_time()
        agent.tell(units[turn], dict(readings[-1]))
        seconds += time.process_time() - began if turn >= problem.starts else 0.0
    recommended = problem.regret_at(truth, agent.recommend()) if problem.sigma else None
    return problem.regret(truth, units, readings), recommended, seconds / (problem.points - problem.starts)


def line(problem, key, seed):
    """Return a search as a line of the results; one that broke off says why."""
    rival = RIVALS[key]
    versions = {package: importlib.metadata.version(package) for package in rival.packages}
    row = {"problem": problem.name, "rival": key, "seed": seed, "points": problem.points, "versions": versions}
    try:
        regret, recommended, cpu = search(problem, rival, seed)
    except Exception as error:  # a rival that breaks must not end the benchmark
        return row | {"error": f"{type(error).__name__}: {error}"[:200]}
    numbers = {"regret": regret, "recommended": recommended, "cpu": cpu}
    return row | {name: _rounded(value) for name, value in numbers.items() if value is not None}


def _rounded(value):
    return float(f"{value:.5g}") if math.isfinite(value) else "inf"


def installed(keys):
    """Return those rivals whose packages are there, and print the others."""
    found = []
    for key in keys:
        try:
            for package in RIVALS[key].packages:
                importlib.metadata.version(package)
            found.append(key)
        except importlib.metadata.PackageNotFoundError as missing:
            print(f"left out: {RIVALS[key].name}, for {missing.name} is not installed", flush=True)
    return found


def able(problem, key):
    """Return whether the rival's library knows such problems."""
    return not (key == "gpcam" and (problem.bounds or problem.reference))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rivals", nargs="+", default=list(RIVALS), choices=list(RIVALS))
    parser.add_argument("--problems", nargs="+", default=[""], help="names or their beginnings")
    parser.add_argument("--others", action="store_true", help="the problems of `others` in place of the usual ones")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--results", type=Path, help="by default regret.jsonl or others.jsonl beside this script")
    parser.add_argument("--part", default="1/1", help="i/n: the i-th of n shares of what is missing")
    parser.add_argument("--again", action="store_true", help="run what is there, too; the last line counts")
    parser.add_argument("--table", action="store_true", help="run nothing, only print the table")
    options = parser.parse_args()
    known, file = (OTHERS, "others.jsonl") if options.others else (PROBLEMS, "regret.jsonl")
    problems = [p for p in known if any(p.name.startswith(name) for name in options.problems)]
    results = options.results or RESULTS / file
    if not options.table:
        keys = installed(options.rivals)
        jobs = [(p, key, seed) for seed in options.seeds for p in problems for key in keys if able(p, key)]
        part, parts = map(int, options.part.split("/"))
        results.parent.mkdir(parents=True, exist_ok=True)
        for problem, key, seed in jobs[part - 1 :: parts]:
            if not options.again and (problem.name, key, seed) in last_of_each(read(results)):
                continue
            row = line(problem, key, seed)
            with results.open("a") as lines:
                lines.write(json.dumps(row) + "\n")
            print(problem.name, key, seed, row.get("regret"), row.get("cpu"), row.get("error", ""), flush=True)
    print(table(read(results), problems, RIVALS), summary(read(results), RIVALS), sep="\n\n")


if __name__ == "__main__":
    main()
