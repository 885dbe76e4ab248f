import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.surrogates import Data, ExactGP, Kernel, Parameters, SparseGP, inducing_points


def sample(n, width, seed=0, sigma=0.2):
    rng = np.random.default_rng(seed)
    x = rng.random((n, width))
    y = 50.0 + 7.0 * np.sin(5.0 * x[:, 0]) + 3.0 * (x**2).sum(axis=1)
    return Data(x, y + sigma * rng.standard_normal(n), np.full(n, sigma**2))


def parameters(width, length=0.4, noise=1e-3):
    return Parameters((length,) * width, 1.3, noise, 50.0, 6.0, 10, "rbf")


def part(data, start, stop):
    return Data(data.x[start:stop], data.y[start:stop], data.variance[start:stop])


def sparse(data, count=20, **of):
    known = parameters(data.x.shape[1], **of)
    return SparseGP(known, data, inducing_points(known.kernel, data.x, count))


def test_is_exact_where_the_inducing_points_resolve_everything():
    data = sample(300, 2)
    known = parameters(2)
    model, exact = sparse(data, 120), ExactGP(known, data)
    assert len(model.inducing) < 120
    where = np.random.default_rng(1).random((50, 2))
    (mean, sigma), (true_mean, true_sigma) = model.posterior(where), exact.posterior(where)
    np.testing.assert_allclose(mean, true_mean, atol=1e-3)
    np.testing.assert_allclose(sigma, true_sigma, rtol=0.01)
    np.testing.assert_allclose(model.fitted(), exact.fitted(), atol=1e-3)


def test_agrees_with_the_dense_formulas():
    """Quiñonero-Candela and Rasmussen (2005), equations 24 and 25, with few inducing points."""
    data, where = sample(40, 2), np.random.default_rng(1).random((7, 2))
    model = sparse(data, 8, length=0.2)
    known, u = model.parameters, model.inducing
    kernel = known.kernel
    middle = np.linalg.inv(kernel(u, u) + 1e-8 * known.variance * np.eye(len(u)))
    q = kernel(data.x, u) @ middle @ kernel(u, data.x)
    total = q + np.diag(np.diagonal(kernel(data.x, data.x) - q) + data.variance / 36.0 + known.noise)
    y, inverse = (data.y - 50.0) / 6.0, np.linalg.inv(total)
    constant = inverse.sum(axis=0) @ y / (inverse.sum() + 1.0)
    cross = kernel(where, u) @ middle @ kernel(u, data.x)
    mean = 50.0 + 6.0 * (constant + cross @ inverse @ (y - constant))
    covariance = 36.0 * (kernel(where, where) - cross @ inverse @ cross.T)
    np.testing.assert_allclose(model.posterior(where)[0], mean, rtol=1e-7)
    np.testing.assert_allclose(model.posterior(where)[1] ** 2, np.diagonal(covariance), rtol=1e-5)
    np.testing.assert_allclose(model.covariance(where, where), covariance, atol=1e-5)


@given(n=st.integers(1, 60), seed=st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_updates_equal_conditioning_on_all(n, seed):
    data = sample(n + 40, 2, seed)
    known, where = parameters(2, length=0.2), np.random.default_rng(1).random((30, 2))
    inducing = inducing_points(known.kernel, data.x, 15)
    whole, grown = SparseGP(known, data, inducing), SparseGP(known, part(data, 0, n), inducing)
    grown.watch(where)
    for x, y, variance in zip(data.x[n:], data.y[n:], data.variance[n:], strict=True):
        grown.update(x, y, variance)
    assert len(grown) == len(whole)
    np.testing.assert_allclose(grown.posterior(where), whole.posterior(where), rtol=1e-6)
    np.testing.assert_allclose(grown.watched(), whole.posterior(where), rtol=1e-6)
    np.testing.assert_allclose(grown.data.y, data.y)


def test_imagined_observations_are_forgotten():
    model, where = sparse(sample(60, 2)), np.random.default_rng(1).random((5, 2))
    model.watch(where)
    before, watched = model.posterior(where), model.watched()
    with model.imagining():
        model.imagine(where[0], 1000.0)
        assert abs(model.posterior(where[:1])[0][0] - before[0][0]) > 1.0
        assert len(model) == 61
    np.testing.assert_array_equal(model.posterior(where), before)
    np.testing.assert_array_equal(model.watched(), watched)
    assert len(model) == len(model.fitted()) == 60


def test_gradients_agree_with_differences():
    model = sparse(sample(50, 3), 25)
    where = np.random.default_rng(2).random((6, 3))
    mean, sigma, mean_gradient, sigma_gradient = model.posterior_and_gradient(where)
    np.testing.assert_allclose((mean, sigma), model.posterior(where), rtol=1e-9)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-6
        above, below = model.posterior(where + step), model.posterior(where - step)
        np.testing.assert_allclose(mean_gradient[:, axis], (above[0] - below[0]) / 2e-6, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(sigma_gradient[:, axis], (above[1] - below[1]) / 2e-6, rtol=1e-3, atol=1e-3)


def test_surprise_is_the_standardised_innovation():
    model, where = sparse(sample(60, 2), 60, noise=1e-2), np.array([[0.4, 0.9]])
    mean, sigma = model.posterior(where)
    total = np.sqrt(sigma[0] ** 2 + model.parameters.noise * model.parameters.scale**2)
    assert model.update(where[0], mean[0] + 4.0 * total) == pytest.approx(4.0, rel=1e-6)


def test_nearby_is_exact():
    data = sample(200, 2)
    model, centre = sparse(data, 10), np.array([0.3, 0.6])
    local = model.nearby(centre, 80)
    assert isinstance(local, ExactGP)
    assert len(local) == 80
    exact = ExactGP(model.parameters, data)
    assert local.posterior(centre[None, :])[0] == pytest.approx(exact.posterior(centre[None, :])[0], abs=0.05)


def test_inducing_points_lie_where_the_data_lie_and_apart():
    x = np.random.default_rng(0).random((400, 2)) * [1.0, 0.05]
    chosen = inducing_points(Kernel(np.array([0.1, 0.1])), x, 12)
    assert len(chosen) == 12
    assert all((x == row).all(axis=1).any() for row in chosen)
    gaps = np.sort(np.diff(np.sort(chosen[:, 0])))
    assert gaps[-1] < 0.2
    assert gaps[0] > 0.02


def test_one_inducing_point_for_one_place():
    assert len(inducing_points(Kernel(np.array([0.3])), np.full((50, 1), 0.4), 12)) == 1


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_agrees_with_gpytorch():
    import gpytorch
    import torch

    data, where = sample(40, 2, sigma=0.0), np.random.default_rng(1).random((6, 2))
    known, inducing = parameters(2, length=0.2, noise=0.02), data.x[:9]
    ours = SparseGP(known, data, inducing)

    class Model(gpytorch.models.ExactGP):
        def __init__(self, x, y, likelihood):
            super().__init__(x, y, likelihood)
            self.mean_module = gpytorch.means.ConstantMean()
            kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel()).double()
            kernel.base_kernel.lengthscale, kernel.outputscale = 0.2, known.variance
            self.covar_module = gpytorch.kernels.InducingPointKernel(kernel, torch.tensor(inducing), likelihood)

        def forward(self, x):
            return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    likelihood = gpytorch.likelihoods.GaussianLikelihood().double()
    model = Model(torch.tensor(data.x), torch.tensor((data.y - 50.0) / 6.0), likelihood).double()
    likelihood.noise, model.mean_module.constant = known.noise, ours._seen.mean
    model.eval()
    with torch.no_grad(), gpytorch.settings.fast_computations(False, False, False):
        found = model(torch.tensor(where))
    mean, sigma = ours.posterior(where)
    np.testing.assert_allclose(mean, 50.0 + 6.0 * found.mean.numpy(), rtol=1e-5)
    np.testing.assert_allclose(sigma, 6.0 * found.stddev.numpy(), rtol=1e-4)
