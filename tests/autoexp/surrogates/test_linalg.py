import numpy as np
import pytest

from autoexp.surrogates.linalg import LARGE, solve_many, sturdy_cholesky


@pytest.mark.parametrize("size", [0, 1, LARGE // 2 - 1, LARGE // 2])
def test_solves_for_many_points_at_every_size(size):
    x = np.random.default_rng(size).random((size, 2))
    covariance = np.exp(-2.0 * np.square(x[:, None] - x).sum(axis=-1))
    room = np.zeros((size + 8, size + 8), order="F")
    if size:
        room[:size, :size] = sturdy_cholesky(covariance, np.full(size, 1e-4))
    factor, right = room[:size, :size], np.random.default_rng(0).random((size, 500))
    solved = solve_many(factor, right)
    np.testing.assert_allclose(factor @ solved, right, atol=1e-9)
