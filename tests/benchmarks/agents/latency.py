"""Time from reading to suggestion, with refits on the agent's own thread.

``python tests/benchmarks/agents/latency.py``; one thread of linear algebra is used.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import time  # noqa: E402

import numpy as np  # noqa: E402

from autoexp import Dof, Maximize, Observation, Space  # noqa: E402
from autoexp_agents import BayesianAgent  # noqa: E402


def landscape(point):
    u = np.array(list(point.values()))
    return float(np.exp(-8.0 * np.square(u - 0.37).sum()) + 0.1 * np.sin(9.0 * u).sum())


def run(width, size, turns, refitting):
    """Return the seconds of each ingest and suggest, wall and of this thread's CPU, around `size` points."""
    space = Space([Dof(f"x{i}", 0, 1) for i in range(width)])
    agent = BayesianAgent(space, Maximize("f"), initial=1)
    rng = np.random.default_rng(0)

    def measured(point):
        value = landscape(point) + 0.01 * rng.standard_normal()
        return Observation(point, {"f": value}, {"f": 0.01})

    agent.ingest([measured(point) for point in space.sobol(size, seed=1)])
    agent.prepare([])
    agent.wait()
    suggestion = agent.suggest(1, [])[0]
    seconds = []
    for _ in range(turns):
        if refitting:
            agent.prepare([suggestion])
        time.sleep(0.02)
        observation = measured(suggestion.point)
        began, cpu = time.perf_counter(), time.thread_time()
        agent.ingest([observation])
        [suggestion] = agent.suggest(1, [])
        seconds.append((time.perf_counter() - began, time.thread_time() - cpu))
    agent.wait()
    return np.array(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 6])
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--quiet-worker", action="store_true", help="let no refit run meanwhile")
    options = parser.parse_args()
    print("| Dofs | points | median ms | 99th percentile ms | median CPU ms | 99th percentile CPU ms |")
    print("|---|---|---|---|---|---|")
    for width in options.widths:
        for size in options.sizes:
            wall, cpu = 1e3 * run(width, size, options.turns, not options.quiet_worker).T
            times = " | ".join(f"{np.percentile(kind, share):.1f}" for kind in (wall, cpu) for share in (50, 99))
            print(f"| {width} | {size} | {times} |", flush=True)


if __name__ == "__main__":
    main()
