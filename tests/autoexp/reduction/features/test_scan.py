"""A self-driving scan by the features of diffraction curves that it has learnt by itself."""

import numpy as np
import pytest

from autoexp import Maximize, Space
from autoexp.detectors import ReducedDetector
from autoexp.reduction import AzimuthalIntegration
from autoexp.reduction.features import ComponentScores, CurveFeatures, Novelty, learn_basis
from autoexp_agents import BayesianAgent, SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.wafer import wafer_beamline


@pytest.mark.slow
def test_an_agent_finds_a_pure_phase_by_a_score_learnt_from_a_survey(RE):
    beamline = wafer_beamline(seed=1)
    readout, space = beamline.readouts[0], Space(beamline.dofs)
    curve = AzimuthalIntegration(beamline.scene.geometry, bins=200, range=(1.0, 4.2))
    surveyed = []
    detector = ReducedDetector(readout.detector, curve, name="survey")
    survey = SobolAgent(space, Maximize("survey_flags"), seed=0)
    token = RE.subscribe(lambda name, doc: surveyed.append(doc["data"]) if name == "event" else None)
    RE(adaptive_scan([detector], survey, num=12))
    RE.unsubscribe(token)
    curves = np.array([data["survey_intensity"] for data in surveyed if "survey_intensity" in data])
    basis = learn_basis(curves, 2)

    scored = CurveFeatures(curve, "intensity", (ComponentScores(basis), Novelty(basis)))
    agent = BayesianAgent(space, [Maximize("pattern_pc1")], seed=0)
    RE(adaptive_scan([ReducedDetector(readout.detector, scored, name="pattern")], agent, num=12))
    best = agent.best().point
    fractions = beamline.scene.fractions(np.array([best["sample_x"]]), np.array([best["sample_y"]]))
    assert fractions.max() > 0.9
