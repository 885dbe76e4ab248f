import numpy as np
import pytest

from autoexp.surrogates import Data, ExactGP, GPyTorchKernel, Parameters, SparseGP, fit_gpytorch
from autoexp.surrogates.gpytorch_kernel import _Problem
from autoexp.surrogates.parameters import noise_prior

gpytorch = pytest.importorskip("gpytorch")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
NOISE = 0.02
KNOWN = Parameters((1.0, 1.0), 1.0, NOISE, 0.0, 1.0, 10)


def matern():
    kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(nu=1.5, ard_num_dims=2))
    kernel.base_kernel.lengthscale, kernel.outputscale = torch.tensor([0.3, 0.9]), 1.4
    return kernel


def mixed():
    periodic = gpytorch.kernels.PeriodicKernel(active_dims=[0])
    return gpytorch.kernels.ScaleKernel(periodic) * gpytorch.kernels.RBFKernel(active_dims=[1]) + matern()


def tilted():
    """Its variance is not the same everywhere."""
    return gpytorch.kernels.LinearKernel() + matern()


KERNELS = [matern, mixed, tilted]


def sample(count, seed=0):
    x = np.random.default_rng(seed).random((count, 2))
    return Data(x, np.sin(6.0 * x[:, 0]) + x[:, 1], np.full(count, 0.01))


def posterior_of_gpytorch(kernel, data, mean, where):
    class Model(gpytorch.models.ExactGP):
        def __init__(self, x, y, likelihood):
            super().__init__(x, y, likelihood)
            self.mean_module, self.covar_module = gpytorch.means.ConstantMean(), kernel

        def forward(self, x):
            return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    noise = torch.tensor(data.variance + NOISE)
    likelihood = gpytorch.likelihoods.FixedNoiseGaussianLikelihood(noise)
    model = Model(torch.tensor(data.x), torch.tensor(data.y), likelihood).double()
    model.mean_module.constant = mean
    model.eval()
    with torch.no_grad(), gpytorch.settings.fast_computations(False, False, False):
        found = model(torch.tensor(where))
        return found.mean.numpy(), found.stddev.numpy()


@pytest.mark.parametrize("make", KERNELS)
def test_grown_models_agree_with_gpytorch(make):
    data, where = sample(30), np.random.default_rng(1).random((9, 2))
    kernel = GPyTorchKernel(make())
    model = ExactGP(KNOWN, Data(data.x[:20], data.y[:20], data.variance[:20]), 0.4, kernel)
    model.watch(where)
    for x, y, variance in zip(data.x[20:], data.y[20:], data.variance[20:], strict=True):
        model.update(x, y, variance)
    expected = posterior_of_gpytorch(make().double(), data, 0.4, where)
    np.testing.assert_allclose(model.posterior(where), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.watched(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_agree_with_differences(make, sparse):
    data, kernel, where = sample(20), GPyTorchKernel(make()), np.random.default_rng(1).random((4, 2))
    model = SparseGP(KNOWN, data, data.x[:12], kernel) if sparse else ExactGP(KNOWN, data, kernel=kernel)
    mean, sigma, mean_gradient, sigma_gradient = model.posterior_and_gradient(where)
    np.testing.assert_allclose((mean, sigma), model.posterior(where), rtol=1e-8)
    for axis in range(2):
        step = np.zeros(2)
        step[axis] = 1e-6
        above, below = model.posterior(where + step), model.posterior(where - step)
        np.testing.assert_allclose(mean_gradient[:, axis], (above[0] - below[0]) / 2e-6, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(sigma_gradient[:, axis], (above[1] - below[1]) / 2e-6, rtol=1e-3, atol=1e-4)


def test_likelihood_gradient_agrees_with_differences():
    kernel = GPyTorchKernel(mixed())
    data = sample(15)
    problem, theta = _Problem(kernel, data, noise_prior(data), None), np.array([*kernel.raw, -4.0])
    _, gradient = problem(theta)
    for index in range(len(theta)):
        step = np.zeros(len(theta))
        step[index] = 1e-5
        numeric = (problem(theta + step)[0] - problem(theta - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_a_fit_finds_which_coordinate_matters_and_leaves_the_given_kernel_alone():
    rng = np.random.default_rng(0)
    x = rng.random((50, 2))
    given = matern()
    before = given.base_kernel.lengthscale.clone()
    known, fitted = fit_gpytorch(Data(x, 40.0 + 5.0 * np.sin(7.0 * x[:, 0]), np.zeros(50)), given)
    lengths = fitted.kernel.base_kernel.lengthscale.detach().numpy().ravel()
    assert lengths[1] > 3.0 * lengths[0]
    assert torch.equal(given.base_kernel.lengthscale, before)
    model = ExactGP(known, Data(x, 40.0 + 5.0 * np.sin(7.0 * x[:, 0]), np.zeros(50)), kernel=fitted)
    where = rng.random((20, 2))
    np.testing.assert_allclose(model.posterior(where)[0], 40.0 + 5.0 * np.sin(7.0 * where[:, 0]), atol=0.4)


def test_a_prior_of_the_kernel_holds():
    data = sample(8)
    free, held = gpytorch.kernels.RBFKernel(), gpytorch.kernels.RBFKernel()
    held.register_prior("short", gpytorch.priors.NormalPrior(0.05, 1e-3), "lengthscale")
    lengths = [fit_gpytorch(data, kernel)[1].kernel.lengthscale.item() for kernel in (free, held)]
    assert lengths[0] > 0.15
    assert lengths[1] == pytest.approx(0.05, abs=0.01)


def test_its_own_parameters_make_it_anew():
    _, fitted = fit_gpytorch(sample(12), mixed())
    again, a, b = GPyTorchKernel(mixed(), fitted.raw), sample(6).x, sample(4, 1).x
    np.testing.assert_array_equal(again.cross(a, again.columns(b)), fitted.cross(a, fitted.columns(b)))
