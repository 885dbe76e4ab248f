"""Align two Kirkpatrick-Baez mirrors with an agent that sees only what is reduced from the camera's frames.

Run it with ``python examples/align_mirrors.py``; give ``--num`` and ``--folder`` if you like.
"""

import argparse

from bluesky import RunEngine

from autoexp import Space
from autoexp.campaign import Campaign
from autoexp.data import open_store
from autoexp.detectors import ReducedDetector
from autoexp.reduction import BeamStatistics
from autoexp.view import ProgressBar
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline


def align(num, folder):
    """Measure `num` points, store the run in `folder`, and return the agent's answer."""
    beamline = mirrors_beamline(seed=0)
    detector = ReducedDetector(beamline.detector, BeamStatistics(), name="spot")
    agent = BayesianAgent(Space(beamline.dofs), beamline.objectives)

    engine = RunEngine()
    with open_store(folder) as store:
        engine.subscribe(store)
        engine.subscribe(ProgressBar())
        (uid,) = engine(adaptive_scan([detector], Campaign(agent, clock=beamline.clock.now), num=num))
        data = store.read(uid)

    best = agent.best()
    print(f"{data.sizes} from run {uid}")
    print(f"best at {best.point}: spot size {best.mean['spot_size']:.2f} +- {best.sigma['spot_size']:.2f}")
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=40, help="number of points")
    parser.add_argument("--folder", default="autoexp-data", help="where the run is stored")
    options = parser.parse_args()
    align(options.num, options.folder)
