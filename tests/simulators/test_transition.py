"""The phase transition."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
from bluesky.plans import count
from scipy.integrate import quad
from scipy.stats import norm

from autoexp.plugins import load
from autoexp_simulators.transition import TransitionScene, transition_scene

SHARP = TransitionScene(spread=0.0, critical=0.0, background=0.0)
READBACK_NOISE = 0.002


def test_the_peak_falls_with_the_exponent():
    near = 70.0 * (1.0 - np.array([1e-3, 1e-2]))
    slope = np.diff(np.log(SHARP.rates(near))) / np.log(10)
    assert slope == pytest.approx(2 * 0.3265)
    assert SHARP.rates(np.array([70.0, 90.0])) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_critical_scattering_has_its_exponent_and_ratio():
    scene = TransitionScene(spread=0.0, peak=0.0, background=0.0)
    above, far, below = scene.rates(70.0 * (1.0 + np.array([0.1, 0.4, -0.1])))
    assert above / below == pytest.approx(4.76)
    assert np.log(above / far) / np.log(4) == pytest.approx(1.237, rel=1e-3)
    assert scene.rates(140.0) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("temperature", [69.0, 69.9, 70.0, 70.2])
def test_grains_round_the_transition_as_a_normal_distribution_does(temperature):
    scene = replace(SHARP, spread=0.3)

    def grain(centre):
        return max(1.0 - temperature / centre, 0.0) ** 0.653 * norm.pdf(centre, 70.0, 0.3)

    exact = scene.peak * quad(grain, max(temperature, 68.0), 72.0, epsabs=1e-10, limit=200)[0]
    assert scene.rates(temperature) == pytest.approx(exact, rel=0.02)


def test_the_rate_covers_decades_and_the_truth_tells_where_it_breaks():
    scene = transition_scene(0)
    truth = scene.truth()
    assert truth.rate.max() / truth.rate.min() > 1e4
    steepest = float(truth.temperature[int(np.abs(np.gradient(np.log(truth.rate))).argmax())])
    assert steepest == pytest.approx(truth.attrs["transition_temperature"], abs=1.0)


def test_the_reducer_finds_what_the_scene_expects(RE):
    beamline = load("scenes", "transition")(seed=1)
    (dof,) = beamline.dofs
    data = []

    def plan():
        for temperature in (30.0, beamline.scene.transition - 2.0, 110.0):
            yield from bps.mv(dof.movable, temperature)
            at = dof.movable.position
            yield from count(beamline.detectors())
            around = {"temperature": np.array([at - READBACK_NOISE, at, at + READBACK_NOISE])}
            below, expected, above = beamline.scene.expected(around)["bragg_intensity"]
            sigma = np.hypot(np.sqrt(max(expected, 1.0)), (below - above) / 2)
            assert data[-1]["bragg_intensity"] == pytest.approx(expected, abs=5 * sigma)

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert len(data) == 3


def test_to_cross_the_transition_takes_beam_time(RE):
    beamline = load("scenes", "transition")(seed=0)
    (dof,) = beamline.dofs
    RE(bps.mv(dof.movable, 120.0))
    assert beamline.clock.now() == pytest.approx(dof.travel_time(20.0, 120.0), rel=0.01)
    assert beamline.clock.now() > 1000.0


def test_the_same_seed_is_the_same_sample():
    assert transition_scene(3) == transition_scene(3) != transition_scene(4)
