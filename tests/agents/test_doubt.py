import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_agents.doubt import doubts

POINTS = np.random.default_rng(0).random((30, 2))


@given(st.floats(0.1, 10.0), st.floats(0.01, 100.0))
def test_residuals_that_are_all_alike_shrink_to_one(size, trust):
    found = doubts(POINTS, POINTS, np.full(30, size), trust)
    assert np.all((found - 1.0) * (size - 1.0) >= -1e-12)
    assert np.all(np.abs(found - 1.0) <= abs(size**2 - 1.0) + 1e-12)


def test_doubts_are_great_where_a_value_surprised_and_small_where_it_did_not():
    surprised = POINTS[:, 0] > 0.7
    found = doubts(POINTS, POINTS, np.where(surprised, 4.0, 0.1), 0.3)
    assert found[surprised].min() > 2.0
    assert np.median(found[POINTS[:, 0] < 0.5]) < 0.5


def test_far_from_all_points_the_model_is_believed():
    assert doubts(np.array([[5.0, 5.0]]), POINTS, np.full(30, 9.0), 0.3) == pytest.approx([1.0])
