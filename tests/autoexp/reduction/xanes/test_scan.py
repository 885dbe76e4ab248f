"""A scan that chooses where on the sample to take spectra."""

import numpy as np
import pytest

from autoexp import Maximize, Space
from autoexp.detectors import ReducedDetector
from autoexp.reduction.xanes import References, Windows, Xanes
from autoexp.swept import SweptDetector
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.xanes import xanes_beamline


@pytest.mark.slow
def test_an_agent_finds_where_a_species_is(RE):
    """It sees fractions and sigmas only; the truth is the scene's map."""
    beamline = xanes_beamline(seed=1)
    scene, (mono, *stage) = beamline.scene, beamline.dofs
    energy = np.concatenate([np.linspace(7081, 7105, 7), np.linspace(7108, 7132, 25), np.linspace(7138, 7178, 9)])
    spectra = np.stack([each.step(energy, scene.width) for each in scene.species])
    references = References(tuple(each.name for each in scene.species), energy, spectra)
    reducer = Xanes(tuple(energy), e0=7120.0, windows=Windows(pre2=-18.0), references=references)
    swept = SweptDetector(beamline.detector, mono.movable, energy, "energy")
    detector = ReducedDetector(swept, reducer, name="xanes", meta=swept.meta, device="cpu")
    agent = BayesianAgent(Space(tuple(stage)), Maximize("xanes_fraction_metal"), initial=12, seed=2)
    RE(adaptive_scan([detector], agent, num=20))
    truth = scene.truth().fraction.sel(species="metal")
    found = float(truth.sel(**agent.best().point, method="nearest"))
    assert found > float(truth.quantile(0.9))
