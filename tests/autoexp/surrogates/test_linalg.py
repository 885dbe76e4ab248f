import numpy as np
import pytest

from autoexp.surrogates.linalg import LARGE, inverse, solve_many, sturdy_cholesky

SIZES = [0, 1, 63, 64, 65, 130, LARGE - 1, LARGE, 3 * LARGE + 1]


def covariance_of(size):
    x = np.random.default_rng(size).random((size, 2))
    return np.exp(-2.0 * np.square(x[:, None] - x).sum(axis=-1))


@pytest.mark.parametrize("size", SIZES)
def test_solves_for_many_points_at_every_size(size):
    room = np.zeros((size + 8, size + 8), order="F")
    if size:
        room[:size, :size] = sturdy_cholesky(covariance_of(size), np.full(size, 1e-4))
    factor, right = room[:size, :size], np.random.default_rng(0).random((size, 500))
    solved = solve_many(factor, right)
    np.testing.assert_allclose(factor @ solved, right, atol=1e-9)


@pytest.mark.parametrize("size", SIZES[1:])
def test_the_inverse_is_symmetric_and_undoes_the_matrix_at_every_size(size):
    noise = np.full(size, 1e-2)
    total = covariance_of(size) + np.diag(noise)
    found = inverse(sturdy_cholesky(covariance_of(size), noise))
    np.testing.assert_allclose(found, found.T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found @ total, np.eye(size), atol=1e-9)
