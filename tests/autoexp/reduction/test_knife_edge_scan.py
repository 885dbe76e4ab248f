"""A scan that focuses a beam by what a blade in it tells."""

import numpy as np
import pytest
import torch

from autoexp import Minimize, Space
from autoexp.detectors import ReducedDetector
from autoexp.reduction import KnifeEdge
from autoexp.swept import SweptDetector
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.assembly import assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec

FOCUS, CENTER = 0.4, 0.03


class Focused:
    """A lens, and a diode behind a blade; the beam is smallest where the lens is in focus."""

    def expected(self, points):
        return {"beam_width": np.sqrt(8 * np.log(2)) * self.sigma(np.asarray(points["lens"]))}

    def truth(self):
        raise NotImplementedError

    def sigma(self, lens):
        return np.hypot(0.06, 0.12 * (lens - FOCUS))

    def photons(self, positions, time):
        blade, lens = (positions[name].cpu().numpy() for name in ("blade", "lens"))
        passed = torch.special.ndtr(torch.from_numpy((blade - CENTER) / self.sigma(lens)))
        return (1e5 * passed + 200.0).float()[:, None, None]


@pytest.mark.slow
def test_an_agent_finds_the_focus(RE):
    scene = Focused()
    beamline = assemble(
        "focus",
        scene,
        motors=[MotorSpec("blade", (-1, 1), "mm", readback_noise=1e-4), MotorSpec("lens", (-2, 2), "mm", start=-2.0)],
        detectors=[DetectorSpec("diode", (1, 1), scene.photons, KnifeEdge(tuple(range(9))), "beam")],
        objectives=[Minimize("beam_width")],
        seed=1,
    )
    blade, lens = beamline.dofs
    positions = np.linspace(-0.9, 0.9, 37)
    swept = SweptDetector(beamline.detector, blade.movable, positions)
    detector = ReducedDetector(swept, KnifeEdge(tuple(positions)), name="beam", meta=swept.meta, device="cpu")
    agent = BayesianAgent(Space((lens,)), Minimize("beam_width"), seed=1)
    events = []
    plan = adaptive_scan([detector], agent, num=9)
    RE(plan, lambda name, document: events.append(document["data"]) if name == "event" else None)
    assert agent.best().point["lens"] == pytest.approx(FOCUS, abs=0.15)
    for data in (each for each in events if "beam_width" in each):
        truth = scene.expected({"lens": data["lens"]})["beam_width"]
        assert data["beam_width"] == pytest.approx(float(truth), abs=5 * data["beam_width_sigma"])
        assert data["beam_center"] == pytest.approx(CENTER, abs=5 * data["beam_center_sigma"])
