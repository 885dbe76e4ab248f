import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.acquisition.scores import log_improvement
from autoexp.surrogates import Data, ExactGP, Parameters
from autoexp_agents.samples import draw, expected_maximum, joint_gains, knowledge_gradient

PARAMETERS = Parameters((0.3,), 1.0, 1e-4, 2.0, 3.0, 5)
DATA = Data(np.linspace(0, 1, 5)[:, None], np.array([1.0, 3.0, 2.0, 4.0, 0.0]), np.full(5, 0.04))
lines = st.lists(st.tuples(st.floats(-5, 5), st.floats(-3, 3)), min_size=1, max_size=8)


@given(lines)
def test_expected_maximum_is_that_of_many_draws(lines):
    means, slopes = np.array(lines).T
    z = np.linspace(-9, 9, 40_001)
    weight = np.exp(-0.5 * z**2)
    highest = np.max(means[:, None] + slopes[:, None] * z, axis=0)
    integral = float(highest @ weight / weight.sum())
    assert expected_maximum(means, slopes) == pytest.approx(integral - means.max(), abs=1e-5)


@given(st.floats(-3, 3), st.floats(0.1, 4.0))
def test_of_one_line_over_a_constant_it_is_expected_improvement(mean, sigma):
    gain = expected_maximum(np.array([0.0, mean]), np.array([0.0, sigma])) + max(mean, 0.0)
    assert gain == pytest.approx(sigma * np.exp(log_improvement(np.array([mean / sigma])))[0])


def test_draws_have_the_posterior_s_moments():
    model, unit = ExactGP(PARAMETERS, DATA), np.linspace(0, 1, 7)[:, None]
    drawn = draw(model, unit, 4096, seed=0)
    mean, sigma = model.posterior(unit)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=0.02)
    assert drawn.std(axis=0) == pytest.approx(sigma, rel=0.05, abs=1e-3)
    assert np.cov(drawn.T) == pytest.approx(model.covariance(unit, unit), abs=0.03)


def test_a_twin_of_what_is_in_the_batch_gains_nothing():
    values = np.random.default_rng(0).standard_normal((500, 3))
    values[:, 2] = values[:, 0]
    gains = joint_gains(values, np.maximum(values[:, 0], 0.0))
    assert gains[2] == 0.0
    assert gains[1] > 0.0


def test_knowledge_gradient_is_the_rise_of_the_best_mean_over_many_fantasies():
    model, ends = ExactGP(PARAMETERS, DATA, mean=0.0), np.linspace(0, 1, 21)[:, None]
    unit, noise = np.array([[0.62]]), 0.3
    mean, sigma = model.posterior(unit)
    claimed = knowledge_gradient(model, unit, ends, noise + PARAMETERS.noise * PARAMETERS.scale**2)[0]
    best, rises = model.posterior(ends)[0].max(), []
    rng = np.random.default_rng(0)
    for z in rng.standard_normal(4000):
        with model.imagining():
            spread = np.sqrt(sigma[0] ** 2 + noise + PARAMETERS.noise * PARAMETERS.scale**2)
            model.update(unit[0], mean[0] + spread * z, noise)
            rises.append(model.posterior(np.vstack([ends, unit]))[0].max() - best)
    assert claimed == pytest.approx(np.mean(rises), abs=4 * np.std(rises) / np.sqrt(4000))
