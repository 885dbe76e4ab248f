"""Simple regret of agents after a number of points, from the same Sobol starts.

``python tests/benchmarks/agents/regret.py --output table.md``; one thread is used.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from scipy.stats import qmc  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from functions import FUNCTIONS  # noqa: E402
from rivals import RIVALS  # noqa: E402


def run(function, rival, seed, points):
    """Return the simple regret and the CPU seconds per chosen point."""
    agent = rival(function.width, seed)
    starts = qmc.Sobol(function.width, scramble=True, rng=seed).random(16)[: 2 * function.width + 1]
    values = []
    for u in starts:
        values.append(function.at(u))
        agent.tell(u, values[-1])
    began = time.process_time()
    while len(values) < points:
        u = agent.ask()
        values.append(function.at(u))
        agent.tell(u, values[-1])
    return min(values) - function.minimum, (time.process_time() - began) / (points - len(starts))


def row(function, rival, seeds, points):
    """Return the quartiles of the regret, and the median CPU seconds per chosen point."""
    results = np.array([run(function, rival, seed, points) for seed in range(seeds)])
    low, median, high = np.percentile(results[:, 0], [25, 50, 75])
    print(function.name, rival.name, np.array2string(results[:, 0], precision=4), flush=True)
    return low, median, high, float(np.median(results[:, 1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rivals", nargs="+", default=list(RIVALS), choices=list(RIVALS))
    parser.add_argument("--functions", nargs="+", default=[f.name for f in FUNCTIONS])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--points", type=int, default=30)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = ["| function | agent | lower quartile | median regret | upper quartile | CPU s per step |"]
    lines.append("|---|---|---|---|---|---|")
    for function in FUNCTIONS:
        for name in options.rivals if function.name in options.functions else ():
            low, median, high, cpu = row(function, RIVALS[name], options.seeds, options.points)
            cells = [function.name, RIVALS[name].name, f"{low:.3g}", f"{median:.3g}", f"{high:.3g}", f"{cpu:.3g}"]
            lines.append(f"| {' | '.join(cells)} |")
    print("\n".join(lines))
    if options.output:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
