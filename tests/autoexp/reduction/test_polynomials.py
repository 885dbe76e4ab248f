"""Least-squares polynomials as linear maps."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction.polynomials import LocalPolynomials, by_distinct, window_powers

X = np.sort(np.random.default_rng(0).uniform(100.0, 110.0, 60))
Y = np.random.default_rng(1).standard_normal((2, 60))


def window(low, high, degree):
    ends = (torch.tensor([[each]], dtype=torch.float64) for each in (low, high))
    return LocalPolynomials.over(torch.from_numpy(X), *ends, degree)


@given(st.integers(0, 3), st.floats(100.0, 103.0), st.floats(106.0, 110.0))
def test_they_are_those_of_numpy(degree, low, high):
    found = window(low, high, degree)
    curves = found.coefficients(torch.from_numpy(Y)) @ torch.from_numpy(window_powers(X, low, high, degree))
    inside = (low <= X) & (high >= X)
    for index in range(2):
        expected = np.polynomial.Polynomial.fit(X[inside], Y[index][inside], degree)(X[inside])
        assert curves[index].numpy()[inside] == pytest.approx(expected, abs=1e-9)


def test_a_window_with_too_few_points_has_none():
    assert window(X[10], X[12], 3).rows.isnan().all()
    assert window(X[10], X[13], 3).rows.isfinite().all()


def test_what_is_equal_is_made_once():
    made = []

    def make(key):
        made.append(key)
        return np.full(2, float(key))

    assert by_distinct([3, 1, 3], make, torch.device("cpu")).tolist() == [[3, 3], [1, 1], [3, 3]]
    assert made == [3, 1]
    assert by_distinct([2, 2], make, torch.device("cpu")).shape == (1, 2)
