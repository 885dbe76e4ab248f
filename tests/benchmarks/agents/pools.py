"""Measurements to the first candidate of a pool's top 1 %: ``make bench-pools``.

The rival is a stock Gaussian process with expected improvement: `SingleTaskGP` at its defaults, refitted at every
step, and the pool's candidate of the highest `LogExpectedImprovement`. Both measure the same random candidates first,
one more than there are descriptors. What random candidates need is exact. Finished trials are kept in a file.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import itertools  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from ledger import Ledger, quartiles, table  # noqa: E402
from pool_sets import POOLS, SHARE  # noqa: E402

from autoexp import Dof, Maximize, Observation, Space  # noqa: E402
from autoexp.bench import pool_quantile  # noqa: E402
from autoexp.bench.goals import good_count  # noqa: E402
from autoexp_agents import BayesianAgent, GainAgent  # noqa: E402

MOST = 60
"""Measurements after which a search is given up and counted as one more."""

RESULTS = Path(__file__).parent / "results" / "pools.jsonl"


class OfPackage:
    """An agent of this package over the pool as a Space."""

    def __init__(self, unit, seed, make) -> None:
        names = [f"x{index}" for index in range(unit.shape[1])]
        space = Space([Dof(name, 0, 1) for name in names], pool=dict(zip(names, unit.T, strict=True)))
        self._points = space.pool
        self._numbers = {tuple(point.values()): index for index, point in enumerate(space.pool)}
        self._agent = make(space, Maximize("f"), initial=1, seed=seed)

    def tell(self, index, value):
        self._agent.ingest([Observation(self._points[index], {"f": value})])

    def ask(self):
        [suggestion] = self._agent.suggest(1, [])
        return self._numbers[tuple(suggestion.point.values())]


class Stock:
    """SingleTaskGP and LogExpectedImprovement over what is left of the pool."""

    def __init__(self, unit, seed) -> None:
        self._unit, self._seed = unit, seed
        self._taken, self._values = [], []

    def tell(self, index, value):
        self._taken.append(index)
        self._values.append(value)

    def ask(self):
        import torch
        from botorch.acquisition import LogExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from gpytorch.mlls import ExactMarginalLogLikelihood

        x, y = torch.tensor(self._unit[self._taken]), torch.tensor(self._values, dtype=torch.double)[:, None]
        with warnings.catch_warnings(), torch.random.fork_rng():
            warnings.simplefilter("ignore")
            torch.manual_seed(1000 * self._seed + len(y))
            model = SingleTaskGP(x, y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            with torch.no_grad():
                scores = LogExpectedImprovement(model, best_f=y.max())(torch.tensor(self._unit)[:, None, :]).numpy()
        scores[self._taken] = -np.inf
        return int(np.argmax(scores))


RIVALS = {
    "autoexp BayesianAgent": lambda unit, seed: OfPackage(unit, seed, BayesianAgent),
    "autoexp GainAgent, noisy EI": lambda unit, seed: OfPackage(unit, seed, GainAgent),
    "stock GP-EI": Stock,
}


def search(pool, rival, seed):
    """Return the number of measurements to the first good candidate, and CPU seconds per decision."""
    good, agent = set(pool.good.tolist()), rival(pool.unit, seed)
    starts = np.random.default_rng([seed, 23]).permutation(len(pool.unit))[: pool.unit.shape[1] + 1].tolist()
    for count, index in enumerate(starts, 1):
        if index in good:
            return {"needed": count, "cpu": None}
        agent.tell(index, float(pool.values[index]))
    began = time.process_time()
    needed = len(starts) + 1
    while (index := agent.ask()) not in good and needed <= MOST:
        agent.tell(index, float(pool.values[index]))
        needed += 1
    return {"needed": needed, "cpu": (time.process_time() - began) / (needed - len(starts))}


def summary(ledger):
    """Return a table: a row for each pool and rival, and what random candidates need."""
    rows = []
    for name, who in dict.fromkeys(key[:2] for key in ledger.rows):
        found = [row for key, row in ledger.rows.items() if key[:2] == (name, who)]
        needed = [row["needed"] for row in found]
        rows.append([name, who, len(found), quartiles(needed), quartiles([row["cpu"] for row in found], 2)])
    for name in dict.fromkeys(key[0] for key in ledger.rows):
        size = int(name.split(" of ")[1].split(",")[0])
        low, median, high = (pool_quantile(size, good_count(size, SHARE), part) for part in (0.25, 0.5, 0.75))
        rows.append([name, "random, exact", "", f"{median} ({low}, {high})", ""])
    header = ["pool", "agent", "seeds", "measurements", "CPU s per decision"]
    return table(header, sorted(rows, key=lambda row: row[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", nargs="+", default=list(POOLS), choices=list(POOLS))
    parser.add_argument("--agents", nargs="+", default=list(RIVALS), choices=list(RIVALS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--ledger", type=Path, default=RESULTS)
    parser.add_argument("--cpu", type=float, default=float("inf"), help="seconds after which no trial is begun")
    options = parser.parse_args()
    ledger = Ledger(options.ledger, options.cpu)
    for seed, name in itertools.product(range(options.seeds), options.pools):
        pool = POOLS[name](seed)
        for who in options.agents:
            ledger.run((name, who, seed), lambda pool=pool, who=who, seed=seed: search(pool, RIVALS[who], seed))
    print(summary(ledger))


if __name__ == "__main__":
    main()
