import numpy as np
import pytest

from autoexp.surrogates import Data, ExactGP, Kernel, Parameters, Periodic, Product, SparseGP, Sum
from autoexp.surrogates.kernels import rbf

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
LENGTHS, PERIODS = np.array([0.5, 0.9]), np.array([0.3, 0.45])
SMOOTH, ROUND = Kernel(np.array([0.4, 0.8]), 1.3, rbf), Periodic(PERIODS, LENGTHS, 0.7)
KERNELS = {"periodic": ROUND, "sum": Sum(SMOOTH, ROUND), "product": Product(SMOOTH, Sum(ROUND, SMOOTH))}
KNOWN = Parameters((1.0, 1.0), 1.0, 1e-2, 0.0, 1.0, 10)


def points(count, seed=0):
    return np.random.default_rng(seed).random((count, 2))


def twins():
    """The same kernels of GPyTorch, whose periodic one does not square its length scale."""
    import gpytorch
    import torch

    smooth = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel(ard_num_dims=2)).double()
    smooth.base_kernel.lengthscale, smooth.outputscale = torch.tensor([0.4, 0.8]), 1.3
    circle = gpytorch.kernels.ScaleKernel(gpytorch.kernels.PeriodicKernel(ard_num_dims=2)).double()
    circle.base_kernel.lengthscale, circle.outputscale = torch.tensor(LENGTHS**2), 0.7
    circle.base_kernel.period_length = torch.tensor(PERIODS)
    return {"periodic": circle, "sum": smooth + circle, "product": smooth * (circle + smooth)}


@pytest.mark.parametrize("name", KERNELS)
def test_agrees_with_gpytorch(name):
    import torch

    kernel, a, b = KERNELS[name], points(7), points(5, 1)
    with torch.no_grad():
        expected = twins()[name](torch.tensor(a), torch.tensor(b)).to_dense().numpy()
    np.testing.assert_allclose(kernel.cross(a, kernel.columns(b)), expected, rtol=1e-5)
    np.testing.assert_allclose(
        np.broadcast_to(kernel.diagonal(a), 7), np.diagonal(kernel.cross(a, kernel.columns(a))), rtol=1e-12
    )


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_agree_with_differences(name, sparse):
    data = Data(points(25), np.sin(9.0 * points(25)[:, 0]), np.zeros(25))
    kernel, where = KERNELS[name], points(4, 2)
    model = SparseGP(KNOWN, data, data.x[:12], kernel) if sparse else ExactGP(KNOWN, data, kernel=kernel)
    _, _, mean_gradient, sigma_gradient = model.posterior_and_gradient(where)
    for axis in range(2):
        step = np.zeros(2)
        step[axis] = 1e-6
        above, below = model.posterior(where + step), model.posterior(where - step)
        np.testing.assert_allclose(mean_gradient[:, axis], (above[0] - below[0]) / 2e-6, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(sigma_gradient[:, axis], (above[1] - below[1]) / 2e-6, rtol=1e-4, atol=1e-5)


def test_a_periodic_model_foretells_the_next_period():
    x = np.random.default_rng(0).random((40, 1)) * 0.5
    data = Data(x, np.sin(2.0 * np.pi * x[:, 0] / 0.2), np.zeros(40))
    known = Parameters((1.0,), 1.0, 1e-4, 0.0, 1.0, 40)
    model = ExactGP(known, data, kernel=Periodic(np.array([0.2]), np.array([0.8])))
    where = np.linspace(0.8, 1.0, 11)[:, None]
    np.testing.assert_allclose(model.posterior(where)[0], np.sin(2.0 * np.pi * where[:, 0] / 0.2), atol=0.02)
