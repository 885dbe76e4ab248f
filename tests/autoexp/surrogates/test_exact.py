import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.surrogates import PROFILES, Data, ExactGP, Kernel, Parameters, fit
from autoexp.surrogates.fitting import _prior, _Problem
from autoexp.surrogates.parameters import fewer, lengthscale_prior, noise_prior


def sample(n, width, seed=0, sigma=0.0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, width))
    y = 50.0 + 7.0 * np.sin(5.0 * x[:, 0]) + 3.0 * (x**2).sum(axis=1)
    return Data(x, y + sigma * rng.standard_normal(n), np.full(n, sigma**2))


def parameters(width, noise=1e-4, profile="matern52"):
    return Parameters((0.4,) * width, 1.3, noise, 50.0, 6.0, 10, profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_slope_is_the_derivative_of_the_profile(profile):
    r2 = np.linspace(0.01, 9.0, 50)
    value, slope = PROFILES[profile](r2)
    step = 1e-6
    numeric = (PROFILES[profile](r2 + step)[0] - PROFILES[profile](r2 - step)[0]) / (2 * step)
    np.testing.assert_allclose(slope, -2.0 * numeric, rtol=1e-6)
    assert np.all(value <= 1.0)


@pytest.mark.parametrize(("profile", "nu"), [("matern52", 2.5), ("matern32", 1.5)])
def test_kernel_agrees_with_scikit_learn(profile, nu):
    from sklearn.gaussian_process.kernels import Matern

    x = np.random.default_rng(0).random((20, 3))
    lengths = np.array([0.2, 0.5, 1.7])
    expected = 2.5 * Matern(lengths, nu=nu)(x)
    np.testing.assert_allclose(Kernel(lengths, 2.5, PROFILES[profile])(x, x), expected, rtol=1e-6)


@given(n=st.integers(1, 70), width=st.integers(1, 4), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_updates_equal_conditioning_on_all(n, width, seed):
    data = sample(n + 5, width, seed, sigma=0.3)
    whole = ExactGP(parameters(width), data)
    grown = ExactGP(parameters(width), Data(data.x[:n], data.y[:n], data.variance[:n]))
    for x, y, variance in zip(data.x[n:], data.y[n:], data.variance[n:], strict=True):
        grown.update(x, y, variance)
    where = np.random.default_rng(1).random((9, width))
    np.testing.assert_allclose(grown.posterior(where), whole.posterior(where), rtol=1e-7)


def test_starts_from_nothing():
    empty = Data(np.empty((0, 2)), np.empty(0), np.empty(0))
    model = ExactGP(parameters(2), empty)
    model.update(np.array([0.5, 0.5]), 57.0)
    mean, sigma = model.posterior(np.array([[0.5, 0.5], [50.0, 50.0]]))
    assert abs(mean[0] - 57.0) < 0.1
    assert sigma[0] < 0.1 * sigma[1]


def test_imagined_observations_are_forgotten():
    data = sample(12, 2)
    model = ExactGP(parameters(2), data)
    where = np.random.default_rng(1).random((5, 2))
    model.watch(where)
    before, watched = model.posterior(where), model.watched()
    with model.imagining():
        for _ in range(100):
            model.update(np.array([0.1, 0.9]), 1000.0)
        assert np.abs(model.posterior(where)[0] - before[0]).max() > 1.0
        assert np.abs(model.watched()[0] - before[0]).max() > 1.0
    np.testing.assert_array_equal(model.posterior(where), before)
    np.testing.assert_array_equal(model.watched(), watched)


@pytest.mark.parametrize("n", [0, 3, 60, 250])
def test_watched_points_agree_with_the_posterior(n):
    data = sample(n + 80, 2, sigma=0.2)
    model = ExactGP(parameters(2), Data(data.x[:n], data.y[:n], data.variance[:n]))
    where = np.random.default_rng(1).random((40, 2))
    model.watch(where)
    for x, y, variance in zip(data.x[n:], data.y[n:], data.variance[n:], strict=True):
        model.update(x, y, variance)
    np.testing.assert_allclose(model.watched(), model.posterior(where), rtol=1e-9)


def watching(n):
    model = ExactGP(parameters(2), sample(n, 2, sigma=0.2))
    model.watch(np.random.default_rng(1).random((40, 2)))
    return model


@pytest.mark.parametrize("n", [0, 3, 64, 250])
def test_a_prepared_update_does_what_an_unprepared_one_does(n):
    prepared, plain = watching(n), watching(n)
    where = np.array([0.4, 0.9])
    prepared.prepare(where)
    assert prepared.update(where, 51.0, 0.3) == plain.update(where, 51.0, 0.3)
    np.testing.assert_array_equal(prepared.watched(), plain.watched())
    np.testing.assert_array_equal(prepared.posterior(where[None]), plain.posterior(where[None]))


@pytest.mark.parametrize("meanwhile", ["nothing", "another point", "imagining", "other watched points"])
def test_what_was_prepared_is_used_only_where_it_holds(meanwhile):
    prepared, plain = watching(20), watching(20)
    where, read_back = np.array([0.4, 0.9]), np.array([0.4, 0.9 + 1e-9])
    prepared.prepare(where)
    for model in (prepared, plain):
        if meanwhile == "another point":
            model.update(np.array([0.1, 0.2]), 55.0)
        if meanwhile == "other watched points":
            model.watch(np.random.default_rng(2).random((30, 2)))
        if meanwhile == "imagining":
            with model.imagining():
                model.update(np.array([0.1, 0.2]), 55.0)
                model.update(where, 55.0)
        model.update(read_back if meanwhile == "nothing" else where, 51.0)
    np.testing.assert_array_equal(prepared.watched(), plain.watched())
    np.testing.assert_array_equal(prepared.data.x, plain.data.x)


def test_what_was_prepared_is_not_worked_out_again(monkeypatch):
    model, where = watching(20), np.array([0.4, 0.9])
    model.prepare(where)
    monkeypatch.setattr(Kernel, "cross", lambda *_: pytest.fail("covariances were worked out again"))
    model.update(where, 51.0)
    assert len(model) == 21


@pytest.mark.parametrize("n", [5, 250])
def test_fitted_is_the_posterior_mean_of_the_data(n):
    data = sample(n, 2, sigma=0.4)
    model = ExactGP(parameters(2), data)
    np.testing.assert_allclose(model.fitted(), model.posterior(data.x)[0], rtol=1e-9)


def test_surprise_is_the_standardised_innovation():
    model = ExactGP(parameters(2), sample(12, 2))
    where = np.array([[0.4, 0.9]])
    mean, sigma = model.posterior(where)
    noise = np.sqrt(sigma[0] ** 2 + model.parameters.noise * model.parameters.scale**2)
    np.testing.assert_allclose(model.update(where[0], mean[0] + 4.0 * noise), 4.0, rtol=1e-6)


def test_gradients_agree_with_differences():
    model = ExactGP(parameters(3, noise=1e-2), sample(15, 3))
    where = np.random.default_rng(2).random((6, 3))
    mean, sigma, mean_gradient, sigma_gradient = model.posterior_and_gradient(where)
    np.testing.assert_allclose((mean, sigma), model.posterior(where), rtol=1e-9)
    for d in range(3):
        step = np.zeros(3)
        step[d] = 1e-6
        above, below = model.posterior(where + step), model.posterior(where - step)
        np.testing.assert_allclose(mean_gradient[:, d], (above[0] - below[0]) / 2e-6, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(sigma_gradient[:, d], (above[1] - below[1]) / 2e-6, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("profile", PROFILES)
def test_likelihood_gradient_agrees_with_differences(profile):
    data, lengths = sample(20, 2, sigma=0.5), lengthscale_prior(2)
    problem = _Problem(data.x, (data.y - 50.0) / 6.0, data.variance / 36.0, profile, lengths, noise_prior(data))
    theta = np.log([0.1, 0.8, 1.5, 0.01])
    _, gradient = problem(theta)
    for index in range(4):
        step = np.zeros(4)
        step[index] = 1e-6
        numeric = (problem(theta + step)[0] - problem(theta - step)[0]) / 2e-6
        np.testing.assert_allclose(gradient[index], numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_fit_agrees_with_gpytorch_likelihood():
    """The likelihood at given hyper-parameters, with the mean at its most probable value."""
    import gpytorch
    import torch

    data = sample(25, 2)
    y = (data.y - data.y.mean()) / data.y.std(ddof=1)
    problem = _Problem(data.x, y, data.variance, "matern52", lengthscale_prior(2), noise_prior(data))
    theta = np.log([0.3, 0.8, 1.5, 0.01])
    kernel = Kernel(np.exp(theta[:2]), 1.5)
    covariance = kernel(data.x, data.x) + 0.01 * np.eye(25)
    inverse = np.linalg.inv(covariance)
    mean = inverse.sum(axis=0) @ y / (inverse.sum() + 1.0)
    normal = gpytorch.distributions.MultivariateNormal(torch.full((25,), mean).double(), torch.tensor(covariance))
    expected = -normal.log_prob(torch.tensor(y)).item() - 0.5 * 25 * np.log(2 * np.pi) + 0.5 * mean**2
    prior, _ = _prior(theta, problem.lengths, problem.noise)
    np.testing.assert_allclose(problem(theta)[0] - prior, expected, rtol=1e-8)


def test_fit_finds_the_lengthscales_that_matter():
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    data = Data(x, np.sin(12.0 * x[:, 0]), np.zeros(60))
    found = fit(data)
    assert found.lengthscales[0] < 0.5 * found.lengthscales[1]
    assert found.noise < 1e-3


def test_fit_learns_noise_beside_the_known():
    known = sample(120, 1, sigma=1.5)
    unknown = Data(known.x, known.y, np.zeros(120))
    scale = fit(unknown).scale
    assert fit(known).noise * scale**2 < 0.3 * 1.5**2
    assert abs(np.sqrt(fit(unknown).noise) * scale - 1.5) < 0.4


def test_warm_start_agrees_with_cold():
    data = sample(30, 2, sigma=0.2)
    cold = fit(data)
    warm = fit(data, cold, starts=1)
    np.testing.assert_allclose(warm.lengthscales, cold.lengthscales, rtol=0.02)


def test_survives_repeats_and_near_repeats():
    x = np.repeat(np.random.default_rng(0).random((4, 2)), 20, axis=0)
    x[1::2] += 1e-9
    data = Data(x, np.arange(80.0), np.zeros(80))
    mean, sigma = ExactGP(fit(data), data).posterior(x[:3])
    assert np.isfinite(mean).all()
    assert (sigma > 0).all()


def test_intervals_cover_the_truth():
    inside, total = 0, 0
    for seed in range(20):
        data = sample(25, 1, seed, sigma=1.0)
        where = np.linspace(0.05, 0.95, 20)[:, None]
        mean, sigma = ExactGP(fit(data, seed=seed), data).posterior(where)
        truth = 50.0 + 7.0 * np.sin(5.0 * where[:, 0]) + 3.0 * where[:, 0] ** 2
        inside += int((np.abs(mean - truth) < 1.96 * sigma).sum())
        total += 20
    assert inside / total > 0.85


def test_nearby_agrees_around_its_point():
    rng = np.random.default_rng(5)
    x = rng.random((600, 2))
    y = np.sin(7 * x[:, 0]) + np.cos(5 * x[:, 1]) + 0.05 * rng.standard_normal(600)
    model = ExactGP(Parameters((0.15, 0.2), 1.0, 0.01, 0.0, 1.0, 600, "matern52"), Data(x, y, np.zeros(600)))
    centre = np.array([0.4, 0.6])
    local = model.nearby(centre, 120)
    around = centre + 0.02 * rng.standard_normal((20, 2))
    assert len(local) == 120
    (mean, sigma), (local_mean, local_sigma) = model.posterior(around), local.posterior(around)
    assert np.abs(local_mean - mean).max() < 0.2 * sigma.min()
    assert local_sigma == pytest.approx(sigma, rel=0.05)
    assert (local_sigma >= sigma * (1 - 1e-9)).all()


def test_nearby_of_few_is_the_model_itself():
    model = ExactGP(Parameters((0.2,), 1.0, 0.01, 0.0, 1.0, 3), Data(np.eye(3)[:, :1], np.arange(3.0), np.zeros(3)))
    assert model.nearby(np.array([0.5]), 3) is model


def test_a_fit_to_many_is_one_to_a_thousand_of_them():
    many, first = sample(1300, 1), sample(1000, 1)
    few = fewer(many, seed=3)
    assert len(few) == 1000
    assert set(few.y) <= set(many.y)
    np.testing.assert_array_equal(few.x, fewer(many, seed=3).x)
    assert not np.array_equal(few.x, fewer(many, seed=4).x)
    assert fewer(first, seed=3) is first
