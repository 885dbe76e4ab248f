"""Time from reading to suggestion, and memory, where observations are many.

``python tests/benchmarks/agents/large.py``; one thread of linear algebra is used. Refits stand still
while decisions are timed. The greatest memory is that of the whole process.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import resource  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
from latency import landscape  # noqa: E402

from autoexp import Dof, Maximize, Observation, Space  # noqa: E402
from autoexp_agents import BayesianAgent  # noqa: E402


def run(width, size, turns, candidates):
    """Return the agent's model, seconds of its fit, and wall and CPU seconds of each decision."""
    space = Space([Dof(f"x{i}", 0, 1) for i in range(width)])
    agent = BayesianAgent(space, Maximize("f"), initial=1, candidates=candidates)
    rng = np.random.default_rng(0)

    def measured(point):
        return Observation(point, {"f": landscape(point) + 0.01 * rng.standard_normal()}, {"f": 0.01})

    agent.ingest([measured(point) for point in space.sobol(size, seed=1)])
    agent.prepare([])
    agent.wait()
    suggestion = agent.suggest(1, [])[0]
    seconds = []
    for _ in range(turns):
        observation = measured(suggestion.point)
        began, cpu = time.perf_counter(), time.thread_time()
        agent.ingest([observation])
        [suggestion] = agent.suggest(1, [])
        seconds.append((time.perf_counter() - began, time.thread_time() - cpu))
    return agent.model_state()["models"]["f"], agent.thought_ahead, np.array(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 5000])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 6])
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--candidates", type=int, default=10_000)
    options = parser.parse_args()
    print("| Dofs | points | model | fit s | median ms | median CPU ms | 99th percentile CPU ms | memory so far MB |")
    print("|---|---|---|---|---|---|---|---|")
    for width in options.widths:
        for size in options.sizes:
            model, fit, seconds = run(width, size, options.turns, options.candidates)
            wall, cpu = 1e3 * seconds.T
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            times = f"{np.median(wall):.1f} | {np.median(cpu):.1f} | {np.percentile(cpu, 99):.1f}"
            print(f"| {width} | {size} | {model} | {fit:.0f} | {times} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
