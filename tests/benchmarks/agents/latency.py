"""Time from reading to suggestion, with refits on the agent's own thread, and CPU time of a decision in all.

``python tests/benchmarks/agents/latency.py``; one thread of linear algebra is used. What a decision costs in
all, refits and what is prepared included, stands beside what plain BoTorch needs for one at the same points.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from autoexp import Dof, Maximize, Observation, Space  # noqa: E402
from autoexp_agents import BayesianAgent  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from problems import Problem, Truth  # noqa: E402
from rivals import PlainBotorch  # noqa: E402


def landscape(point):
    u = np.array(list(point.values()))
    return float(np.exp(-8.0 * np.square(u - 0.37).sum()) + 0.1 * np.sin(9.0 * u).sum())


def started(width, size):
    """Return the Space, what measures a point in it, and the first observations."""
    space = Space([Dof(f"x{i}", 0, 1) for i in range(width)])
    rng = np.random.default_rng(0)

    def measured(point):
        value = landscape(point) + 0.01 * rng.standard_normal()
        return Observation(point, {"f": value}, {"f": 0.01})

    return space, measured, [measured(point) for point in space.sobol(size, seed=1)]


def run(width, size, turns, refitting):
    """Return seconds around `size` points.

    Of each ingest and suggest, wall and of this thread's CPU; and of the CPU in all, a decision.
    """
    space, measured, first = started(width, size)
    agent = BayesianAgent(space, Maximize("f"), initial=1)
    agent.ingest(first)
    agent.prepare([])
    agent.wait()
    suggestion = agent.suggest(1, [])[0]
    seconds, all_began = [], time.process_time()
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
    return np.array(seconds), (time.process_time() - all_began) / turns


def run_botorch(width, size, turns):
    """Return the median CPU seconds of plain BoTorch's decisions around `size` points."""
    _, measured, first = started(width, size)
    problem = Problem("landscape", width, size, lambda seed: Truth(dict, 0.0))
    rival, seconds = PlainBotorch(problem, 0), []

    def tell(row):
        rival.tell(np.array([row.point[name] for name in problem.axes]), {"f": -row.values["f"]})

    for row in first:
        tell(row)
    for _ in range(turns + 1):
        began = time.process_time()
        found = rival.ask()
        seconds.append(time.process_time() - began)
        tell(measured(dict(zip(problem.axes, found.tolist(), strict=True))))
    return float(np.median(seconds[1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 6])
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--quiet-worker", action="store_true", help="let no refit run meanwhile")
    parser.add_argument("--botorch", type=int, default=3, help="decisions of plain BoTorch to compare with; 0: none")
    options = parser.parse_args()
    print(
        "| Dofs | points | median ms | 99th percentile ms | median CPU ms | 99th percentile CPU ms "
        "| CPU ms in all | plain BoTorch, CPU ms |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for width in options.widths:
        for size in options.sizes:
            seconds, whole = run(width, size, options.turns, not options.quiet_worker)
            wall, cpu = 1e3 * seconds.T
            times = " | ".join(f"{np.percentile(kind, share):.1f}" for kind in (wall, cpu) for share in (50, 99))
            other = f"{1e3 * run_botorch(width, size, options.botorch):.0f}" if options.botorch else "-"
            print(f"| {width} | {size} | {times} | {1e3 * whole:.0f} | {other} |", flush=True)


if __name__ == "__main__":
    main()
