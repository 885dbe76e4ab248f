"""What an agent adds to a scan, beside bluesky's scan of the same points.

``python tests/benchmarks/agents/dead_time.py``; devices of `ophyd.sim`, first without delays, then with
motion and exposure of half a second a point. Each pair of scans runs in one process, turn by turn.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import time  # noqa: E402

import numpy as np  # noqa: E402
from bluesky import RunEngine  # noqa: E402
from bluesky.plans import list_scan  # noqa: E402
from ophyd.sim import SynAxis, SynSignal  # noqa: E402

from autoexp import Dof, Maximize, Space  # noqa: E402
from autoexp_agents import BayesianAgent  # noqa: E402
from autoexp_plans import adaptive_scan  # noqa: E402


def devices(motion, exposure):
    x, y = (SynAxis(name=name, delay=motion) for name in "xy")

    def flux():
        return float(np.exp(-((x.readback.get() - 0.3) ** 2) - 2.0 * (y.readback.get() + 0.2) ** 2))

    return x, y, SynSignal(func=flux, name="flux", exposure_time=exposure)


class Metered(BayesianAgent):
    """Counts the CPU seconds of its refits, which run beside the scan."""

    beside = 0.0

    def _relearn(self, *arguments):
        began = time.thread_time()
        found = super()._relearn(*arguments)
        self.beside += time.thread_time() - began
        return found


class Watch:
    """When each event of the primary stream came, in wall and CPU seconds of the process less its refits."""

    def __init__(self, agent=None):
        self.primary, self.wall, self.cpu, self.points, self.agent = None, [], [], [], agent

    def __call__(self, name, document):
        if name == "descriptor" and document["name"] == "primary":
            self.primary = document["uid"]
        if name == "event" and document["descriptor"] == self.primary:
            self.wall.append(time.perf_counter())
            self.cpu.append(time.process_time() - (self.agent.beside if self.agent else 0.0))
            self.points.append(document["data"])

    def seconds(self):
        """Return wall and CPU seconds from each event to the next."""
        return np.diff(self.wall), np.diff(self.cpu)


def compare(motion, exposure, num, seed):
    """Return the intervals of the agent's scan and of the plain one, wall and CPU seconds."""
    x, y, flux = devices(motion, exposure)
    agent = Metered(Space([Dof(x, -1, 1), Dof(y, -1, 1)]), Maximize("flux"), seed=seed)
    engine, chosen, plain = RunEngine({}), Watch(agent), Watch()
    engine(adaptive_scan([flux], agent, num=num), chosen)
    xs, ys = ([row[name] for row in chosen.points] for name in "xy")
    engine(list_scan([flux], x, xs, y, ys), plain)
    return chosen.seconds(), plain.seconds()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=60)
    parser.add_argument("--slow-num", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print("| s a point | points | scan s | agent's scan s | added ms, median | mean | CPU less refits | dead % |")
    print("|---|---|---|---|---|---|---|---|")
    cases = [(0.0, 0.0, options.num), (0.2, 0.3, options.slow_num)]
    for motion, exposure, num in cases:
        found = [compare(motion, exposure, num, seed) for seed in range(options.repeats)]
        agent, plain = (np.concatenate([pair[side] for pair in found], axis=1) for side in (0, 1))
        added = 1e3 * (agent - plain)
        wall, share = added[0], 100.0 * (agent[0].sum() - plain[0].sum()) / agent[0].sum()
        print(
            f"| {motion + exposure:.1f} | {num} | {plain[0].sum() / options.repeats:.2f} "
            f"| {agent[0].sum() / options.repeats:.2f} | {np.median(wall):.1f} | {wall.mean():.1f} "
            f"| {added[1].mean():.1f} | {share:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
