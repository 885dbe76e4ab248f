"""The scattering Scene."""

import math
from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp
from scipy.special import spherical_jn
from scipy.stats import gamma

from autoexp.plugins import load
from autoexp_simulators.saxs import Crystallisation
from autoexp_simulators.saxs.physics import form_factor, hard_spheres, ring, sphere_amplitude
from autoexp_simulators.saxs.scene import saxs_scene

SCENE = saxs_scene(0)


@given(st.floats(0.0, 50.0))
def test_the_amplitude_is_a_bessel_function(x):
    expected = 3 * spherical_jn(1, x) / x if x > 1e-6 else 1.0
    assert sphere_amplitude(np.array(x)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("q", [0.01, 0.08, 0.18, 0.4])
def test_the_form_factor_is_the_mean_over_sizes(q):
    sizes = gamma(0.12**-2, scale=25.0 * 0.12**2)
    radii = np.linspace(sizes.ppf(1e-9), sizes.isf(1e-9), 4001)
    weights = sizes.pdf(radii) * radii**6
    expected = (weights * (3 * spherical_jn(1, q * radii) / (q * radii)) ** 2).sum() / weights.sum()
    assert form_factor(np.array([q]), 25.0, 0.12)[0] == pytest.approx(expected, rel=1e-3)


@settings(max_examples=20)
@given(st.floats(0.01, 0.6), st.floats(0.02, 0.42))
def test_the_structure_factor_is_that_of_the_direct_correlation_function(q, fraction):
    """The transform of Wertheim's and Thiele's c(r) inside the core, integrated numerically."""
    radius = 25.0
    first = (1 + 2 * fraction) ** 2 / (1 - fraction) ** 4
    second = -((1 + fraction / 2) ** 2) / (1 - fraction) ** 4

    def correlation(s):
        return -(first + 6 * fraction * second * s + fraction / 2 * first * s**3)

    a = 2 * radius * q
    transform = quad(lambda s: correlation(s) * s * math.sin(a * s) / a, 0.0, 1.0)[0]
    assert hard_spheres(np.array([q]), radius, fraction)[0] == pytest.approx(
        1 / (1 - 24 * fraction * transform), rel=1e-5
    )


def test_the_ring_has_scherrers_width():
    q = np.linspace(1.3, 1.7, 40_001)
    high = q[ring(q, 4.19, 250.0) >= 0.5]
    assert high.mean() == pytest.approx(2 * math.pi / 4.19, abs=1e-4)
    assert high[-1] - high[0] == pytest.approx(2 * math.pi * 0.94 / 250, abs=1e-4)


def test_the_ring_stands_where_bragg_says():
    cold = {"temperature": torch.tensor([325.0]), "hold": torch.tensor([600.0])}
    row = SCENE.photons(cold, torch.zeros(1))[0, 256].numpy()
    column = 380 + int(row[380:].argmax())
    two_theta = 2 * math.asin(1.0 / (2 * SCENE.spacing))
    assert column + 0.5 - 255.1 == pytest.approx(0.15 * math.tan(two_theta) / 172e-6, abs=1.0)


@pytest.mark.parametrize("temperature", [315.0, 325.0, 340.0])
def test_the_kinetics_solve_avramis_equation(temperature):
    """``dX/dt = n k (k t)^(n-1) (X_end - X)``, step by step."""
    kinetics = Crystallisation()
    k, n, end = float(kinetics.rates(temperature)), kinetics.exponent, float(kinetics.equilibrium(temperature))
    solved = solve_ivp(
        lambda t, x: n * k * (k * t) ** (n - 1) * (end - x),
        (0, 300),
        [0.0],
        t_eval=[30, 60, 300],
        rtol=1e-9,
        atol=1e-12,
    )
    assert kinetics.order(np.full(3, temperature), solved.t) == pytest.approx(solved.y[0], abs=1e-7)


def test_half_has_crystallised_at_the_transition_in_the_end():
    truth = SCENE.truth()
    where = truth.attrs["transition_temperature"]
    assert float(truth.equilibrium.interp(temperature=where)) == pytest.approx(0.5, abs=0.01)
    assert SCENE.crystallisation.order(np.array([where]), np.array([1e9])) == pytest.approx(0.5)
    assert (truth.order_parameter.diff("hold") >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_longest_hold_shows_the_transition(seed):
    kinetics = saxs_scene(seed).crystallisation
    assert kinetics.order(np.array([kinetics.transition]), np.array([600.0])) == pytest.approx(0.5, abs=0.03)


def test_a_wrong_transition_is_a_biased_twin():
    points = {"temperature": np.array([335.0]), "hold": np.array([500.0])}
    kinetics = replace(SCENE.crystallisation, transition=330.0)
    assert (
        replace(SCENE, crystallisation=kinetics).expected(points)["pattern_ring"]
        < SCENE.expected(points)["pattern_ring"]
    )


def test_the_reducer_finds_what_the_scene_expects(RE):
    beamline = load("scenes", "saxs")(seed=1)
    data = []

    def plan():
        for point in ({"temperature": 326.0, "hold": 50.0}, {"temperature": 370.0, "hold": 60.0}):
            yield from bps.mv(*[item for dof in beamline.dofs for item in (dof.movable, point[dof.name])])
            position = {dof.name: np.array([dof.movable.position]) for dof in beamline.dofs}
            yield from count(beamline.detectors())
            for name, values in beamline.scene.expected(position).items():
                assert data[-1][name] == pytest.approx(values[0], abs=5 * data[-1][f"{name}_sigma"])

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert data[0]["pattern_ring"] > 2 * data[1]["pattern_ring"]
