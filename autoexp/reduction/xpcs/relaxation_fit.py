"""Least-squares fits of relaxations, many curves at once."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_STEPS = 60
_REST = 1e-7
"""Of a step in every parameter; where rounding hides what is better, steps shrink to it as well."""
_GAIN = 1e-9
"""Share of the misfit by which a step must lower it to be worth another."""
_REACH = 100.0
"""How far beyond the first and the last delay a relaxation time is looked for, as a factor."""
_FASTEST, _SLOWEST = math.log(0.1), math.log(4.0)
"""Logarithms of the least and the largest stretching exponent."""
_BASELINE, _CONTRAST, _TIME, _STRETCH = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxations:
    """``baseline + contrast exp(-2 (tau / time)**stretch)``, one for each curve; float64, shape ``(curves,)``.

    The square of a stretched exponential, by Siegert's relation ``g2 = 1 + beta |g1|²`` (B. J. Berne and R. Pecora,
    Dynamic Light Scattering (1976), section 4.3).

    Parameters
    ----------
    baseline, contrast
        As g2 is, without unit.
    time
        In the unit of the delays.
    stretch
        Exponent.
    converged
        Whether the fit came to rest within its bounds.
    """

    baseline: Tensor
    contrast: Tensor
    time: Tensor
    stretch: Tensor
    converged: Tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> "Relaxations":
        """Return the same with each part changed."""
        return Relaxations(*(change(getattr(self, name)) for name in self.__slots__))

    def at(self, tau: Tensor) -> Tensor:
        """Return the curves, shape ``(curves, delays)``."""
        return _curves(_parameters(self), tau)


@dataclass(frozen=True, slots=True)
class RelaxationModel:
    """Which parameters are free.

    Parameters
    ----------
    baseline
        None to find it.
    stretch
        None to find it.
    """

    baseline: float | None = None
    stretch: float | None = 1.0

    @property
    def n_free(self) -> int:
        """How many parameters are to be found."""
        return sum(self._free)

    @property
    def _free(self) -> tuple[bool, bool, bool, bool]:
        return self.baseline is None, True, True, self.stretch is None

    def fit(self, tau: Tensor, values: Tensor, weights: Tensor, start: Relaxations | None = None) -> Relaxations:
        """Minimise ``sum weights (values - curve)²`` by Levenberg and Marquardt's steps.

        D. W. Marquardt, J. Soc. Ind. Appl. Math. 11, 431 (1963), with the logarithms of time and stretch as
        parameters. Without a start, the best point of a grid of times (and of exponents, where free) is one, for
        each of which baseline and contrast follow linearly.

        Parameters
        ----------
        tau
            Delays, positive and ascending, float64, shape ``(delays,)``.
        values, weights
            Shape ``(curves, delays)``; a weight of zero leaves a value out, which must be finite nevertheless.
        start
            Where to begin, of as many curves.
        """
        parameters = self._first_guess(tau, values, weights) if start is None else _parameters(start)
        free = torch.tensor(self._free, device=values.device)
        low, high = _bounds(tau)
        damping = torch.full_like(parameters[:, 0], 1e-3)
        residual = values - _curves(parameters, tau)
        cost = (weights * residual.square()).sum(-1)
        resting = torch.zeros_like(cost, dtype=torch.bool)
        for _ in range(_STEPS):
            step = _step(parameters, tau, residual, weights, free, damping)
            trial = (parameters + step).clamp(low, high)
            left = values - _curves(trial, tau)
            found = (weights * left.square()).sum(-1)
            better = found <= cost
            moved = (trial - parameters).abs().amax(-1)
            take = better & ~resting
            resting |= (moved < _REST) | (better & (cost - found <= _GAIN * cost))
            parameters = torch.where(take[:, None], trial, parameters)
            residual, cost = torch.where(take[:, None], left, residual), torch.where(take, found, cost)
            damping = torch.where(better, damping * 0.2, damping * 5.0).clamp(min=1e-12)
            if bool(resting.all()):
                break
        inside = ((parameters > low) & (parameters < high) | ~free).all(-1)
        return _relaxations(parameters, resting & inside)

    def _first_guess(self, tau: Tensor, values: Tensor, weights: Tensor) -> Tensor:
        """Return the best of a grid, shape ``(curves, 4)``."""
        times = torch.linspace(float(tau[0].log()) - 1.0, float(tau[-1].log()) + 1.0, 32, dtype=torch.float64)
        stretches = torch.tensor([0.6, 1.0, 1.6] if self.stretch is None else [self.stretch], dtype=torch.float64)
        grid = torch.cartesian_prod(times, stretches.log()).to(values.device)
        shapes = _decay(tau, grid[:, 0], grid[:, 1])
        baseline, contrast = self._linear(shapes, values[:, None], weights[:, None])
        misfit = values[:, None] - baseline[..., None] - contrast[..., None] * shapes
        best = (weights[:, None] * misfit.square()).sum(-1).argmin(1)
        each = torch.arange(len(values), device=values.device)
        return torch.stack([baseline[each, best], contrast[each, best], grid[best, 0], grid[best, 1]], dim=-1)

    def _linear(self, shapes: Tensor, values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best baseline and contrast for each curve and shape, shape ``(curves, shapes)`` each."""
        if self.baseline is not None:
            above = values - self.baseline
            contrast = (weights * shapes * above).sum(-1) / (weights * shapes.square()).sum(-1).clamp(min=1e-300)
            return torch.full_like(contrast, self.baseline), contrast
        total = weights.sum(-1, keepdim=True)
        middle, level = ((weights * each).sum(-1, keepdim=True) / total for each in (shapes, values))
        spread = (weights * (shapes - middle).square()).sum(-1)
        contrast = (weights * (shapes - middle) * (values - level)).sum(-1) / spread.clamp(min=1e-300)
        return level[..., 0] - contrast * middle[..., 0], contrast


def _step(parameters: Tensor, tau: Tensor, residual: Tensor, weights: Tensor, free: Tensor, damping: Tensor) -> Tensor:
    """Return the damped step of each curve, shape ``(curves, 4)``; zero for what is fixed."""
    slopes = _slopes(parameters, tau) * free
    weighted = slopes * weights[..., None]
    normal = weighted.mT @ slopes
    diagonal = normal.diagonal(dim1=1, dim2=2)
    floor = diagonal.amax(-1, keepdim=True) * 1e-12 + 1e-300
    loaded = normal + torch.diag_embed(torch.where(free, damping[:, None] * diagonal + floor, 1.0 + floor))
    step: Tensor = torch.linalg.solve(loaded, weighted.mT @ residual[..., None])
    return step[..., 0] * free


def _slopes(parameters: Tensor, tau: Tensor) -> Tensor:
    """Return the derivatives of each curve in its parameters, shape ``(curves, delays, 4)``."""
    contrast, stretch = parameters[:, _CONTRAST, None], parameters[:, _STRETCH, None].exp()
    reduced = tau.log() - parameters[:, _TIME, None]
    power = (stretch * reduced).exp().clamp(max=1e3)
    decay = (-2.0 * power).exp()
    in_time = 2.0 * contrast * decay * power * stretch
    return torch.stack([torch.ones_like(decay), decay, in_time, -in_time * reduced], dim=-1)


def _curves(parameters: Tensor, tau: Tensor) -> Tensor:
    decay = _decay(tau, parameters[:, _TIME], parameters[:, _STRETCH])
    return parameters[:, _BASELINE, None] + parameters[:, _CONTRAST, None] * decay


def _decay(tau: Tensor, time: Tensor, stretch: Tensor) -> Tensor:
    """Return ``exp(-2 (tau / time)**stretch)`` by the logarithms of time and stretch, shape ``(k, delays)``."""
    return (-2.0 * (stretch.exp()[:, None] * (tau.log() - time[:, None])).exp()).exp()


def _bounds(tau: Tensor) -> tuple[Tensor, Tensor]:
    first, last = float(tau[0].log()) - math.log(_REACH), float(tau[-1].log()) + math.log(_REACH)
    low = torch.tensor([-math.inf, -math.inf, first, _FASTEST], dtype=torch.float64, device=tau.device)
    return low, torch.tensor([math.inf, math.inf, last, _SLOWEST], dtype=torch.float64, device=tau.device)


def _parameters(fitted: Relaxations) -> Tensor:
    return torch.stack([fitted.baseline, fitted.contrast, fitted.time.log(), fitted.stretch.log()], dim=-1)


def _relaxations(parameters: Tensor, converged: Tensor) -> Relaxations:
    baseline, contrast, time, stretch = parameters.unbind(-1)
    return Relaxations(baseline, contrast, time.exp(), stretch.exp(), converged)
