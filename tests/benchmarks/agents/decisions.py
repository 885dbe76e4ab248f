"""CPU time from reading to suggestion of each agent that models a whole plane or line, fits beside it.

``python tests/benchmarks/agents/decisions.py``; one thread of linear algebra is used. Fits on the agent's thread are
waited for while the devices would move, so that only what the beamline waits for counts.
"""

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import time  # noqa: E402

import numpy as np  # noqa: E402

from autoexp import Bound, Classify, Dof, Explore, Maximize, Minimize, Observation, Space  # noqa: E402
from autoexp.protocols import Prepares  # noqa: E402
from autoexp_agents import (  # noqa: E402
    BayesianAgent,
    ConstrainedTrustRegionAgent,
    DriftAgent,
    GainAgent,
    MapAgent,
    ParetoAgent,
    PhaseAgent,
    ScalarisedAgent,
    SpectrumAgent,
    TransitionAgent,
    TrustRegionAgent,
    TwinAgent,
)

PLANE, LINE = Space([Dof("x", 0, 1), Dof("y", 0, 1)]), Space([Dof("x", 1, 2)])
PEAK, BOTH = Maximize("f"), (Maximize("f"), Minimize("g"))
AROUND, WIDTH = (30, 100), 5
SIGMA = 0.01

AGENTS = {
    "BayesianAgent": lambda: BayesianAgent(PLANE, PEAK),
    "TrustRegionAgent": lambda: TrustRegionAgent(PLANE, PEAK),
    "ConstrainedTrustRegionAgent": lambda: ConstrainedTrustRegionAgent(PLANE, (PEAK, Bound("g", high=1.0))),
    "GainAgent, noisy EI": lambda: GainAgent(PLANE, PEAK),
    "GainAgent, knowledge gradient": lambda: GainAgent(PLANE, PEAK, gain="kg"),
    "DriftAgent": lambda: DriftAgent(PLANE, PEAK),
    "TwinAgent": lambda: TwinAgent(PLANE, PEAK, lambda columns: {"f": columns["x"] * columns["y"]}),
    "MapAgent": lambda: MapAgent(PLANE, Explore("f")),
    "PhaseAgent, three classes": lambda: PhaseAgent(PLANE, Classify("class")),
    "ParetoAgent": lambda: ParetoAgent(PLANE, BOTH),
    "ScalarisedAgent": lambda: ScalarisedAgent(PLANE, BOTH),
    "SpectrumAgent": lambda: SpectrumAgent(LINE, Explore("edge"), tolerance=1e-9),
    "TransitionAgent": lambda: TransitionAgent(LINE, Explore("order")),
}


def fields(point, rng):
    """Return a reading of every field at a point, with normal noise on all but the class."""
    x, y = point["x"], point.get("y", 0.0)
    true = {
        "f": np.exp(-20 * ((x - 0.6) ** 2 + (y - 0.3) ** 2)),
        "g": x**2 + y,
        "edge": np.tanh(40 * (x - 1.4)) + np.exp(-800 * (x - 1.45) ** 2),
        "order": max(0.0, 1 - x / 1.6) ** 0.4,
    }
    noisy = {name: float(value + SIGMA * rng.standard_normal()) for name, value in true.items()}
    return noisy | {"class": float((x + y > 1) + (x - y > 0.3))}


def run(agent):
    """Return CPU seconds of ingest and suggest after each number of points."""
    rng, seconds, began = np.random.default_rng(0), [], 0.0
    for index in range(AROUND[-1] + WIDTH):
        started = time.thread_time()
        [asked] = agent.suggest(1, [])
        seconds.append(began + time.thread_time() - started)
        if isinstance(agent, Prepares):
            agent.prepare([asked])
            agent.wait()
            agent.prepare([asked])
        known = {objective.name for objective in agent.objectives}
        values = {name: value for name, value in fields(asked.point, rng).items() if name in known}
        sigmas = {name: SIGMA for name in values if name != "class"}
        row = Observation(asked.point, values, sigmas, suggestion_id=asked.id, time=10.0 * index)
        started = time.thread_time()
        agent.ingest([row])
        began = time.thread_time() - started
    return np.array(seconds)


def main():
    print(f"| agent | {' | '.join(f'median CPU ms at {count} points | worst' for count in AROUND)} |")
    print("|---|" + "---|---|" * len(AROUND))
    for name, build in AGENTS.items():
        seconds = 1e3 * run(build())
        found = [seconds[count - WIDTH : count + WIDTH] for count in AROUND]
        cells = [f"{np.median(each):.1f} | {each.max():.1f}" for each in found]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
