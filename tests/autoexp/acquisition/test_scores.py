import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from autoexp.acquisition import Augmented, Feasibility, Improvement, Straddle, TargetImprovement, Uncertainty
from autoexp.acquisition.scores import log_improvement, log_improvement_quickly

SCORES = [
    Improvement(1.2),
    Improvement(1.2, -1.0),
    TargetImprovement(0.5, 0.8),
    TargetImprovement(0.5, 0.01),
    Augmented(Improvement(1.2), 0.3),
    Augmented(TargetImprovement(0.5, 0.8), 4.0),
    Uncertainty(),
    Straddle(0.3, 2.0),
    Feasibility(low=-0.5),
    Feasibility(high=0.7),
    Feasibility(-0.5, 0.7),
]
finite = st.floats(-30.0, 30.0)
positive = st.floats(1e-3, 30.0)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_log_improvement_agrees_with_botorch():
    import torch
    from botorch.acquisition.analytic import _log_ei_helper

    u = np.concatenate([-np.logspace(5, -3, 200), np.logspace(-3, 2, 50)])
    np.testing.assert_allclose(log_improvement(u), _log_ei_helper(torch.tensor(u)).numpy(), rtol=1e-7)


@pytest.mark.parametrize("score", SCORES, ids=repr)
@given(mean=finite, sigma=positive)
def test_derivatives_agree_with_differences(score, mean, sigma):
    step = 1e-6 * sigma

    def value(m, s):
        return float(score(np.array([m]), np.array([s])).value[0])

    found = score(np.array([mean]), np.array([sigma]))
    inner = score.score if isinstance(score, Augmented) else score
    if isinstance(inner, Straddle | TargetImprovement) and abs(mean - 0.5) + abs(mean - 0.3) < 0.2 + 4 * step:
        return
    slope = (value(mean + step, sigma) - value(mean - step, sigma)) / (2 * step)
    spread = (value(mean, sigma + step) - value(mean, sigma - step)) / (2 * step)
    tolerance = 1e-6 * (1.0 + abs(float(found.value[0]))) / step * 1e-3
    np.testing.assert_allclose(found.d_mean[0], slope, rtol=1e-3, atol=tolerance)
    np.testing.assert_allclose(found.d_sigma[0], spread, rtol=1e-3, atol=tolerance)


@pytest.mark.parametrize("mean", [-1.0, 0.4, 0.5, 2.0])
@pytest.mark.parametrize("sigma", [0.1, 1.0])
def test_expectations_agree_with_integrals(mean, sigma):
    y = np.linspace(mean - 30 * sigma, mean + 30 * sigma, 600_001)
    weight = norm.pdf(y, mean, sigma)

    def expected(gain):
        return np.log(np.trapezoid(gain * weight, y))

    def found(score):
        return score(np.array([mean]), np.array([sigma])).value[0]

    np.testing.assert_allclose(found(Improvement(0.7)), expected(np.maximum(y - 0.7, 0)), rtol=1e-4)
    np.testing.assert_allclose(found(Improvement(0.2, -1.0)), expected(np.maximum(0.2 - y, 0)), rtol=1e-4)
    gain = np.maximum(0.8 - np.abs(y - 0.5), 0)
    np.testing.assert_allclose(found(TargetImprovement(0.5, 0.8)), expected(gain), rtol=1e-4)
    tail = norm.cdf if mean > 0.6 else norm.sf
    probability = abs(tail(0.9, mean, sigma) - tail(0.3, mean, sigma))
    np.testing.assert_allclose(found(Feasibility(0.3, 0.9)), np.log(probability), rtol=1e-6)


@given(mean=st.floats(0.0, 3.0), sigma=st.floats(0.1, 30.0), noise=st.floats(0.0, 30.0))
def test_noise_takes_from_an_improvement_what_a_reading_cannot_teach(mean, sigma, noise):
    place = np.array([mean]), np.array([sigma])
    share = 1.0 - noise / np.hypot(sigma, noise)
    plain, noisy = Improvement(1.2).value(*place), Augmented(Improvement(1.2), noise).value(*place)
    assert np.exp(noisy - plain) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("score", SCORES, ids=repr)
def test_stays_finite_far_away(score):
    scored = score(np.array([-1e6, -300.0, 0.0, 300.0, 1e6]), np.array([1e-3, 1.0, 1e-6, 1.0, 1e-3]))
    for part in (scored.value, scored.d_mean, scored.d_sigma):
        assert np.isfinite(part).all()


@pytest.mark.parametrize("sigma", [1.0, 1e-3, 1e-6, 1e-12])
@pytest.mark.parametrize("bound", [Feasibility(low=1e3), Feasibility(1e3, 2e3), Feasibility(high=-1e3)], ids=repr)
def test_slopes_towards_a_bound_that_is_far_away(bound, sigma):
    away = 1e3 / sigma
    found = bound(np.array([0.0]), np.array([sigma]))
    side = 1.0 if np.isfinite(bound.low) else -1.0
    assert found.d_mean[0] == pytest.approx(side * (away + 1.0 / away) / sigma, rel=1e-6)
    assert found.d_sigma[0] == pytest.approx(away * (away + 1.0 / away) / sigma, rel=1e-6)


def test_slopes_across_a_bound_of_which_both_ends_are_far_away():
    mpmath = pytest.importorskip("mpmath")
    low, high, sigma = 40.0, 40.01, 1.0
    with mpmath.workdps(80):
        share = lambda mean: mpmath.log(mpmath.ncdf(mean - low) - mpmath.ncdf(mean - high))
        slope = float(mpmath.diff(share, 0))
    assert Feasibility(low, high)(np.array([0.0]), np.array([sigma])).d_mean[0] == pytest.approx(slope, rel=1e-6)


def test_the_quick_logarithm_of_improvement_is_the_exact_one():
    u = np.concatenate([np.random.default_rng(0).uniform(-400, 60, 3000), np.linspace(-45, 20, 3000), [-1e5, 1e5]])
    assert log_improvement_quickly(u) == pytest.approx(log_improvement(u), abs=2e-5, rel=1e-12)


@pytest.mark.parametrize("u", [-1e4, -301.0, -299.0, -40.0, -5.0, -1.0, 0.0, 1.0, 10.0, 29.9, 30.1, 38.0, 1e4])
def test_the_logarithm_of_improvement_against_quadruple_precision(u):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(60):
        x = mpmath.mpf(u)
        exact = float(mpmath.log(mpmath.npdf(x) + x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2))
    assert log_improvement(np.array([u, 0.0]))[0] == pytest.approx(exact, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("score", SCORES, ids=repr)
def test_value_is_that_of_the_call(score):
    rng = np.random.default_rng(3)
    mean, sigma = rng.normal(0, 3, 500), rng.uniform(0.1, 2, 500)
    assert score.value(mean, sigma) == pytest.approx(score(mean, sigma).value, abs=2e-5)
