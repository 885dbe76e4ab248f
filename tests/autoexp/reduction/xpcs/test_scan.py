"""A scan that looks for the temperature at which a sample relaxes at a wanted rate."""

import numpy as np
import pytest

from autoexp import Space, Target
from autoexp.detectors import ReducedDetector
from autoexp.reduction.bands import Band
from autoexp.reduction.xpcs import Correlator, RadialBins, RelaxationModel, RelaxationTime
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.xpcs import xpcs_beamline

WANTED = 4.0
"""Per second."""


@pytest.mark.slow
def test_an_agent_finds_the_temperature_of_a_rate(RE):
    """It sees rates and sigmas only; the truth is Stokes and Einstein's."""
    beamline = xpcs_beamline(seed=2)
    scene, (readout,) = beamline.scene, beamline.readouts
    place = 14
    ring = Band("ring", scene._ring_edges[place], scene._ring_edges[place + 1])
    correlator = Correlator(RadialBins(scene.geometry, (ring,)), levels=3, period=scene.period)
    reducer = RelaxationTime(correlator, RelaxationModel(baseline=1.0))
    detector = ReducedDetector(readout.detector, reducer, name="speckles", device="cpu")
    agent = BayesianAgent(Space(beamline.dofs), Target("speckles_rate_ring", WANTED), initial=4, seed=1)
    RE(adaptive_scan([detector], agent, num=12))
    found = agent.best().point["temperature"]
    rate = 1.0 / float(scene.suspension.relaxation_time(scene._ring_q[place], np.array(found)))
    assert rate == pytest.approx(WANTED, rel=0.15)
