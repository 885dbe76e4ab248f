"""The 24 functions of BBOB with few evaluations, through COCO: ``make bench-bbob``.

A share of targets, as COCO counts them: of 51 precisions from 100 to 1e-8, how many were reached within ten evaluations
per dimension; by groups of functions. The model-based agents start from the same Sobol points. The package
``coco-experiment`` must be installed. Finished trials are kept in a file; a second call goes on.

N. Hansen et al., COCO: a platform for comparing continuous optimizers in a black-box setting, Optim. Methods Softw. 36,
114 (2021).
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import contextlib  # noqa: E402
import functools  # noqa: E402
import itertools  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from scipy.optimize import minimize  # noqa: E402
from scipy.stats import qmc  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from ledger import Ledger, table  # noqa: E402
from problems import Problem  # noqa: E402
from rivals import RIVALS  # noqa: E402

PER_DIMENSION = 10
TARGETS = 10.0 ** np.linspace(2.0, -8.0, 51)
GROUPS = {
    "separable": range(1, 6),
    "moderate": range(6, 10),
    "ill-conditioned": range(10, 15),
    "multimodal": range(15, 20),
    "weak structure": range(20, 25),
}


@functools.cache
def suite(dimension, instance):
    """Return a suite; it must outlive its problems."""
    import cocoex

    return cocoex.Suite("bbob", "", f"dimensions:{dimension} instance_indices:{instance}")


def problem_of(function, dimension, instance):
    """Return a fresh problem."""
    return suite(dimension, instance).get_problem_by_function_dimension_instance(function, dimension, instance)


def least(function, dimension, instance):
    """Return the least value there is: COCO writes the best point to a file, where a fresh problem is looked at."""
    problem = problem_of(function, dimension, instance)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        problem._best_parameter("print")
        best = np.loadtxt("._bbob_problem_best_parameter.txt")
    return float(problem(best))


class SpentError(Exception):
    """The evaluations are used up."""


class Counted:
    """A problem over the unit cube that remembers the best value after each evaluation, and then ends."""

    def __init__(self, problem, budget):
        self._problem, self._budget = problem, budget
        self.width = problem.dimension
        self.best: list[float] = []

    def __call__(self, u):
        if len(self.best) >= self._budget:
            raise SpentError
        low, high = self._problem.lower_bounds, self._problem.upper_bounds
        value = float(self._problem(low + np.clip(u, 0.0, 1.0) * (high - low)))
        self.best.append(min([*self.best[-1:], value]))
        return value


def modelled(rival):
    """Return a search by an agent that is told and asked, begun with two Sobol points per dimension and one."""

    def search(at, seed):
        problem = Problem("BBOB", at.width, PER_DIMENSION * at.width, truth=lambda seed: None)
        agent = rival(problem, seed)
        for u in qmc.Sobol(at.width, scramble=True, rng=seed).random(32)[: problem.starts]:
            agent.tell(u, {"f": at(u)})
        while True:
            u = agent.ask()
            agent.tell(u, {"f": at(u)})

    return search


def by_gradients(at, seed):
    """Run scipy's SLSQP from the middle, then from random points; differences cost evaluations."""
    rng, start = np.random.default_rng(seed), np.full(at.width, 0.5)
    while True:
        minimize(at, start, method="SLSQP", bounds=[(0.0, 1.0)] * at.width)
        start = rng.random(at.width)


def by_chance(at, seed):
    """Try uniformly random points."""
    rng = np.random.default_rng(seed)
    while True:
        at(rng.random(at.width))


SEARCHES = {
    "random": by_chance,
    "SLSQP, restarted": by_gradients,
    **{RIVALS[key].name: modelled(RIVALS[key]) for key in ("autoexp", "botorch")},
}


def run(function, dimension, instance, search):
    """Return the best precision after each evaluation, and CPU seconds per evaluation."""
    at = Counted(problem_of(function, dimension, instance), PER_DIMENSION * dimension)
    began = time.process_time()
    with contextlib.suppress(SpentError):
        search(at, instance)
    spent = time.process_time() - began
    precision = np.array(at.best) - least(function, dimension, instance)
    return {"precision": precision.tolist(), "cpu": spent / len(at.best)}


def summary(ledger, dimensions, instances):
    """Return a table: a row for each dimension and search, the share of targets for each group of functions."""
    rows, known = [], {key: row for key, row in ledger.rows.items() if key[0] in dimensions and key[2] in instances}
    for dimension, who in sorted({(key[0], key[3]) for key in known}):
        cells, shares = [], []
        mine = {key[1:3]: row for key, row in known.items() if (key[0], key[3]) == (dimension, who)}
        for functions in GROUPS.values():
            found = [np.mean(row["precision"][-1] <= TARGETS) for key, row in mine.items() if key[0] in functions]
            shares += found
            cells.append(f"{np.mean(found):.3f}" if found else "-")
        cpu = np.median([row["cpu"] for row in mine.values()])
        rows.append([dimension, who, len(mine), *cells, f"{np.mean(shares):.3f}", f"{cpu:.2g}"])
    return table(["D", "search", "problems", *GROUPS, "all", "CPU s per evaluation"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", nargs="+", type=int, default=[2, 3, 5])
    parser.add_argument("--instances", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--searches", nargs="+", default=list(SEARCHES), choices=list(SEARCHES))
    parser.add_argument("--ledger", type=Path, default=Path("build/bench-bbob.jsonl"))
    parser.add_argument("--cpu", type=float, default=float("inf"), help="seconds after which no trial is begun")
    options = parser.parse_args()
    ledger = Ledger(options.ledger, options.cpu)
    for instance, dimension, function in itertools.product(options.instances, options.dimensions, range(1, 25)):
        for who in options.searches:
            what = lambda key=(function, dimension, instance), who=who: run(*key, SEARCHES[who])
            ledger.run((dimension, function, instance, who), what)
    print(summary(ledger, options.dimensions, options.instances))


if __name__ == "__main__":
    main()
