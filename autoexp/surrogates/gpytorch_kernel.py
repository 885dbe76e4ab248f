"""Any kernel of GPyTorch in a Gaussian process that grows by a row per observation."""

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from autoexp.dofs import FloatArray
from autoexp.surrogates.kernels import Jet
from autoexp.surrogates.parameters import Data, LogNormal, Parameters, fewer, noise_prior, standardization

if TYPE_CHECKING:
    import gpytorch
    import torch

_NOISES = (np.log(1e-7), 0.0)
_JITTER = 1e-9
_FREE = 15.0


class GPyTorchKernel:
    """A covariance by a kernel of GPyTorch, as it is given; gradients by autograd.

    Parameters
    ----------
    kernel
        Of points in the unit cube, for values of unit deviation; copied, and made double precision.
    raw
        Its own parameters, in its order, unconstrained; by default those that it has.
    """

    def __init__(self, kernel: "gpytorch.kernels.Kernel", raw: Sequence[float] = ()) -> None:
        self.kernel = copy.deepcopy(kernel).double()
        if raw:
            _put(self.kernel, np.array(raw))

    @property
    def raw(self) -> tuple[float, ...]:
        """Its own parameters, in its order, unconstrained."""
        return tuple(float(value) for each in _learnt(self.kernel) for value in each.detach().ravel())

    def columns(self, points: FloatArray) -> FloatArray:
        """Return ``(n, d)`` points, shape ``(d, n)``."""
        return np.ascontiguousarray(points.T)

    def cross(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` points and `columns`, shape ``(m, n)``."""
        import torch

        with torch.no_grad():
            return self._dense(_tensor(x), columns).numpy()

    def diagonal(self, x: FloatArray) -> FloatArray:
        """Return the variance at ``(m, d)`` points, shape ``(m,)``."""
        import torch

        with torch.no_grad():
            return np.asarray(self.kernel(_tensor(x), diag=True).numpy())

    def jet(self, x: FloatArray, columns: FloatArray) -> Jet:
        """Return what `cross` returns, and what its gradient in `x` follows from."""
        import torch

        at = _tensor(x).requires_grad_(True)
        with torch.enable_grad():
            cross, prior = self._dense(at, columns), self.kernel(at, diag=True)

        def contract(weights: FloatArray) -> FloatArray:
            flat = np.reshape(weights, (-1, *cross.shape))
            pulls = [torch.autograd.grad(cross, at, _tensor(each), retain_graph=True)[0] for each in flat]
            return torch.stack(pulls).numpy().reshape(*weights.shape[:-1], at.shape[1])

        slope: FloatArray | float = 0.0
        if prior.requires_grad:
            [found] = torch.autograd.grad(prior.sum(), at, allow_unused=True)
            slope = 0.0 if found is None else found.numpy()
        return Jet(cross.detach().numpy(), contract, prior.detach().numpy().copy(), slope)

    def _dense(self, x: "torch.Tensor", columns: FloatArray) -> "torch.Tensor":
        dense: torch.Tensor = self.kernel(x, _tensor(columns.T)).to_dense()
        return dense


def fit_gpytorch(
    data: Data,
    kernel: "gpytorch.kernels.Kernel",
    previous: Parameters | None = None,
    *,
    seed: int = 0,
    iterations: int = 100,
    pause: Callable[[], None] | None = None,
) -> tuple[Parameters, GPyTorchKernel]:
    """Return hyper-parameters of greatest posterior density: the noise, and a kernel with its own.

    The likelihood is that of `autoexp.surrogates.fit`, its gradient by autograd; the kernel's own
    priors and constraints hold.

    Parameters
    ----------
    data
        One value or more.
    kernel
        Where to start; it is not changed.
    previous
        A fit to start from instead.
    seed
        Of the choice of a thousand where there are more values.
    iterations
        Cap on the iterations of L-BFGS.
    pause
        Called before each look at the likelihood; it may block, so that something else goes first.

    Returns
    -------
        What `autoexp.surrogates.ExactGP` takes; length scales stand in the kernel alone.
    """
    data = fewer(data, seed)
    offset, scale = standardization(data.y)
    fitted = GPyTorchKernel(kernel, previous.raw if previous else ())
    prior = noise_prior(data)
    problem = _Problem(fitted, Data(data.x, (data.y - offset) / scale, data.variance / scale**2), prior, pause)
    start = np.array([*fitted.raw, prior.centre])
    bounds = [(value - _FREE, value + _FREE) for value in start[:-1]] + [_NOISES]
    found = minimize(problem, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": iterations})
    _put(fitted.kernel, found.x[:-1])
    width = data.x.shape[1]
    variance = float(fitted.diagonal(np.full((1, width), 0.5))[0])
    noise = float(np.exp(found.x[-1]))
    known = Parameters((1.0,) * width, variance, noise, offset, scale, len(data), "given", fitted.raw)
    return known, fitted


class _Problem:
    """Negative log posterior density of a kernel's raw parameters and the log of the noise."""

    def __init__(
        self, covariance: GPyTorchKernel, data: Data, noise: LogNormal, pause: Callable[[], None] | None
    ) -> None:
        self._kernel, self._noise, self._pause = covariance.kernel, noise, pause
        self._x, self._y, self._variance = _tensor(data.x), _tensor(data.y), _tensor(data.variance)

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the value and its gradient."""
        import torch

        if self._pause is not None:
            self._pause()
        _put(self._kernel, theta[:-1])
        log_noise = torch.tensor(theta[-1], dtype=torch.float64, requires_grad=True)
        wanted = [*_learnt(self._kernel), log_noise]
        value = self._value(log_noise)
        slopes = torch.autograd.grad(value, wanted, allow_unused=True)
        flat = [(torch.zeros_like(of) if slope is None else slope) for of, slope in zip(wanted, slopes, strict=True)]
        return float(value.detach()), np.concatenate([slope.numpy().ravel() for slope in flat])

    def _value(self, log_noise: "torch.Tensor") -> "torch.Tensor":
        import torch

        total = self._kernel(self._x).to_dense() + torch.diag(self._variance + log_noise.exp() + _JITTER)
        factor = torch.linalg.cholesky(total)
        right = torch.stack([self._y, torch.ones_like(self._y)], dim=1)
        solved = torch.linalg.solve_triangular(factor, right, upper=False)
        mean = (solved[:, 1] @ solved[:, 0]) / (solved[:, 1] @ solved[:, 1] + 1.0)
        residual = solved[:, 0] - mean * solved[:, 1]
        value: torch.Tensor = 0.5 * (residual @ residual + mean**2) + factor.diagonal().log().sum()
        for _, module, prior, closure, _ in self._kernel.named_priors():
            value = value - prior.log_prob(closure(module)).sum()
        return value + 0.5 * ((log_noise - self._noise.centre) / self._noise.spread) ** 2


def _learnt(kernel: "gpytorch.kernels.Kernel") -> "list[torch.nn.Parameter]":
    return [parameter for parameter in kernel.parameters() if parameter.requires_grad]


def _put(kernel: "gpytorch.kernels.Kernel", raw: FloatArray) -> None:
    import torch

    wanted = _learnt(kernel)
    shares = np.split(raw, np.cumsum([each.numel() for each in wanted])[:-1])
    with torch.no_grad():
        for each, share in zip(wanted, shares, strict=True):
            each.copy_(_tensor(share).reshape(each.shape))


def _tensor(values: FloatArray) -> "torch.Tensor":
    import torch

    return torch.from_numpy(np.ascontiguousarray(values, dtype=float))
