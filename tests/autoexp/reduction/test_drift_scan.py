"""A self-driving scan brings a beam that wandered off back to where it was."""

import bluesky.plan_stubs as bps
import pytest
import torch

from autoexp import Space, Target
from autoexp.campaign import Campaign
from autoexp.detectors import ReducedDetector
from autoexp.reduction import Drift
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.faults import PositionDrift

FIELD = "spot_shift_y"
RATE, PAUSE = 2.0, 36 * 3600.0


@pytest.mark.slow
def test_an_agent_steers_a_beam_that_wandered_off_back_to_its_reference(RE):
    beamline = mirrors_beamline(seed=0, faults=[PositionDrift(RATE)])
    pitch = next(dof for dof in beamline.dofs if dof.name == "v_pitch")
    begin, seen = beamline.scene.optimum(), {}

    def take_reference():
        for dof in beamline.dofs:
            yield from bps.mv(dof.movable, begin[dof.name])
        yield from bps.trigger(beamline.detector, wait=True)
        seen["reference"] = yield from bps.rd(beamline.detector.image)

    RE(take_reference())
    beamline.clock.spend(PAUSE, lambda span: None)
    spot = ReducedDetector(beamline.detector, Drift(torch.as_tensor(seen["reference"])), name="spot")
    agent = BayesianAgent(Space([pitch]), [Target(FIELD, 0.0)])
    RE(adaptive_scan([spot], Campaign(agent, clock=beamline.clock.now), num=12))

    def look(name, position):
        yield from bps.mv(pitch.movable, position)
        yield from bps.stage(spot, wait=True)
        yield from bps.trigger(spot, wait=True)
        reading = yield from bps.read(spot)
        yield from bps.unstage(spot, wait=True)
        seen[name] = reading[FIELD]["value"]

    RE(look("uncorrected", begin["v_pitch"]))
    RE(look("corrected", agent.best().point["v_pitch"]))
    assert abs(seen["uncorrected"]) > 10.0
    assert abs(seen["corrected"]) < 0.5 * abs(seen["uncorrected"])
    assert abs(seen["corrected"]) < 0.5
