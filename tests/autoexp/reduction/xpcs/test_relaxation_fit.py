"""Fits of relaxations."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.relaxation_fit import RelaxationModel

TAU = torch.from_numpy(0.1 * lag_steps(5, 8)[1:])


def curve(tau, baseline, contrast, time, stretch):
    return baseline + contrast * np.exp(-2 * (tau / time) ** stretch)


@settings(max_examples=25)
@given(
    st.floats(0.9, 1.1),
    st.floats(0.05, 0.8),
    st.floats(0.3, 5.0),
    st.floats(0.5, 1.8),
    st.sampled_from([0.3, 1.0, 7.0]),
)
def test_what_was_put_in_is_found(baseline, contrast, time, stretch, weight):
    values = torch.from_numpy(curve(TAU.numpy(), baseline, contrast, time, stretch))[None]
    weights = torch.full_like(values, weight)
    for model in (RelaxationModel(None, None), RelaxationModel(baseline, None), RelaxationModel(None, stretch)):
        found = model.fit(TAU, values, weights)
        assert found.converged.all()
        numbers = [float(each) for each in (found.baseline, found.contrast, found.time, found.stretch)]
        assert numbers == pytest.approx([baseline, contrast, time, stretch], rel=1e-4)
        assert torch.allclose(found.at(TAU), values, rtol=0, atol=1e-7)


@pytest.mark.parametrize("free", [False, True])
def test_agrees_with_scipy_on_noisy_curves(free):
    rng = np.random.default_rng(1)
    tau, sigma = TAU.numpy(), 0.01 * (1 + np.arange(len(TAU)) / 10)
    noisy = np.array([curve(tau, 1.0, 0.3, time, 1.0) + sigma * rng.normal(size=len(tau)) for time in (0.6, 1.0, 3.0)])
    found = RelaxationModel(None, None if free else 1.0).fit(
        TAU, torch.from_numpy(noisy), torch.from_numpy(sigma**-2).expand(3, -1)
    )
    assert found.converged.all()
    for place, values in enumerate(noisy):
        if free:
            expected, _ = curve_fit(curve, tau, values, [1.0, 0.3, 1.0, 1.0], sigma, bounds=(1e-3, 10), xtol=1e-12)
        else:
            expected, _ = curve_fit(lambda *known: curve(*known, 1.0), tau, values, [1.0, 0.3, 1.0], sigma)
        numbers = [float(each[place]) for each in (found.baseline, found.contrast, found.time, found.stretch)]
        assert numbers[: len(expected)] == pytest.approx(expected, rel=1e-4)


def test_what_has_no_weight_does_not_matter():
    values = torch.from_numpy(curve(TAU.numpy(), 1.0, 0.3, 1.0, 1.0))[None].clone()
    weights = torch.ones_like(values)
    values[0, 5], weights[0, 5] = 50.0, 0.0
    assert float(RelaxationModel().fit(TAU, values, weights).time) == pytest.approx(1.0, rel=1e-6)


def test_a_start_leads_to_the_same_place():
    values = torch.from_numpy(curve(TAU.numpy(), 1.0, 0.3, 1.3, 1.0))[None]
    near = RelaxationModel().fit(TAU, values * 1.01, torch.ones_like(values))
    again = RelaxationModel().fit(TAU, values, torch.ones_like(values), near)
    assert float(again.time) == pytest.approx(1.3, rel=1e-6)


def test_a_curve_that_never_relaxes_does_not_converge_to_a_time():
    found = RelaxationModel(baseline=1.0).fit(TAU, torch.full((1, len(TAU)), 1.3).double(), torch.ones((1, len(TAU))))
    assert not found.converged.any()
