"""Sobol, random and Bayesian agents on every Scene: ``make bench-strategies``.

Each scan takes beamline time, not wall time; the goal is what fits the Scene's first objective. A Scene's table is
printed as soon as it is known.
"""

import argparse
from importlib.metadata import entry_points

from autoexp.bench import compare

AGENTS = ("sobol", "random", "bayesian")
BUDGETS = {"kb": 40, "mirrors": 30, "transition": 20, "xanes": 40, "xrf": 40, "wafer": 40, "multimodal": 40}
BUDGET = 20


def main() -> None:
    """Print a table and a statement for each registered Scene."""
    names = sorted(entry_point.name for entry_point in entry_points(group="autoexp.scenes"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", default=names, help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for scene in options.scenes:
        budget = BUDGETS.get(scene, BUDGET)
        found = compare(AGENTS, scene, budget=budget, seeds=options.seeds, workers=options.workers)
        print(f"## {scene}, {budget} points, {options.seeds} seeds\n\n{found}\n", flush=True)


if __name__ == "__main__":
    main()
