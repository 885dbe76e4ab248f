"""Nonlinear least squares for many curves."""

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit

from autoexp.reduction.least_squares import fit

X = np.linspace(0.0, 4.0, 50)
TRUTH = np.array([[3.0, 0.5], [1.0, 1.5], [20.0, 0.2]])
WIDE = (torch.tensor([[-1e3, -10.0]]).double().expand(3, 2), torch.tensor([[1e3, 10.0]]).double().expand(3, 2))


def decay(x, parameters):
    height, rate = (each[:, None] for each in parameters.unbind(1))
    shape = torch.exp(-rate * x)
    return height * shape, torch.stack([shape, -height * x * shape], 1)


def fitted(y, weights, bounds=WIDE, **settings):
    x = torch.from_numpy(X).expand(3, -1)
    start = torch.tensor([[1.0, 0.1]]).double().expand(3, 2)
    return fit(decay, start, bounds, x, torch.as_tensor(y), torch.as_tensor(weights), **settings)


def noisy():
    sigma = np.array([0.1, 0.02, 0.5])[:, None] * np.ones(len(X))
    exact = TRUTH[:, :1] * np.exp(-TRUTH[:, 1:] * X)
    return exact, exact + sigma * np.random.default_rng(1).standard_normal(exact.shape), sigma


def test_it_is_scipys_curve_fit():
    _, y, sigma = noisy()
    found = fitted(y, sigma**-2)
    assert found.converged.all()
    assert found.freedom.tolist() == [48, 48, 48]
    for index in range(3):
        curve = lambda x, height, rate: height * np.exp(-rate * x)
        values, covariance = curve_fit(curve, X, y[index], (1, 0.1), sigma[index], absolute_sigma=True, xtol=1e-14)
        assert found.parameters[index].numpy() == pytest.approx(values, rel=1e-6)
        assert found.covariance[index].numpy() == pytest.approx(covariance, rel=1e-4)
        chi_square = (((y[index] - curve(X, *values)) / sigma[index]) ** 2).sum()
        assert float(found.chi_square[index]) == pytest.approx(chi_square)


def test_exact_curves_are_found_exactly():
    exact, _, sigma = noisy()
    assert fitted(exact, sigma**-2).parameters.numpy() == pytest.approx(TRUTH, rel=1e-6)


def test_points_of_no_weight_do_not_enter():
    _, y, sigma = noisy()
    weights = sigma**-2
    weights[:, 30:] = 0.0
    spoilt = np.where(weights > 0, y, 1e6)
    assert fitted(spoilt, weights).parameters.numpy() == pytest.approx(fitted(y, weights).parameters.numpy())


def test_parameters_stay_within_bounds():
    _, y, sigma = noisy()
    low, high = (each.clone() for each in WIDE)
    high[:, 0] = 2.0
    found = fitted(y, sigma**-2, (low, high)).parameters
    assert found[:, 0].max() == 2.0
    assert found[1].numpy() == pytest.approx(TRUTH[1], rel=0.2)


def test_a_fit_that_is_cut_short_says_so():
    _, y, sigma = noisy()
    assert not fitted(y, sigma**-2, rounds=2).converged.any()


def test_what_the_data_do_not_tell_has_no_sigma():
    found = fitted(np.zeros((3, len(X))), np.zeros((3, len(X))))
    assert found.covariance.isnan().all()
