import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.acquisition.hypervolume import cells, hypervolume, log_hypervolume_improvement, nondominated

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

fronts = st.integers(1, 8).flatmap(
    lambda n: st.lists(st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)), min_size=n, max_size=n)
)
REFERENCE = np.zeros(2)


@given(fronts)
def test_a_dominated_point_adds_nothing(rows):
    values = np.array(rows)
    keep = nondominated(values)
    assert keep.any()
    assert hypervolume(values[keep], REFERENCE) == pytest.approx(hypervolume(values, REFERENCE))


def test_volume_of_boxes():
    assert hypervolume(np.array([[2.0, 3.0]]), REFERENCE) == 6.0
    assert hypervolume(np.array([[2.0, 3.0], [4.0, 1.0]]), REFERENCE) == 8.0
    assert hypervolume(np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 1.0]]), np.zeros(3)) == 7.0
    assert hypervolume(np.array([[-1.0, 3.0]]), REFERENCE) == 0.0


@pytest.mark.parametrize("width", [2, 3])
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_the_cells_hold_all_that_is_not_dominated(width, seed):
    rng = np.random.default_rng(seed)
    front = rng.random((5, width)) + 0.1
    parts = cells(front, np.zeros(width))
    points = 1.5 * rng.random((300, width))
    dominated = (front[None] >= points[:, None]).all(axis=2).any(axis=1)
    held = ((points[:, None] > parts.low) & (points[:, None] <= parts.high)).all(axis=2).sum(axis=1)
    assert (held == np.where(dominated, 0, 1)).all()


@pytest.mark.parametrize("width", [2, 3])
def test_the_expected_improvement_is_that_of_draws(width):
    rng = np.random.default_rng(4)
    front = rng.random((4, width)) + 0.2
    reference = np.zeros(width)
    mean, sigma = rng.random((6, width)) + 0.3, rng.uniform(0.1, 0.5, (6, width))
    found = np.exp(log_hypervolume_improvement(mean, sigma, cells(front, reference)))
    before = hypervolume(front, reference)
    for index in range(6):
        drawn = mean[index] + sigma[index] * rng.standard_normal((3000, width))
        gains = np.array([hypervolume(np.vstack([front, row]), reference) - before for row in drawn])
        assert found[index] == pytest.approx(gains.mean(), abs=5 * gains.std() / np.sqrt(len(gains)))


def test_far_points_can_be_compared():
    parts = cells(np.array([[1.0, 1.0]]), REFERENCE)
    mean = np.array([[-60.0, -60.0], [-50.0, -50.0], [-49.0, -50.0]])
    values = log_hypervolume_improvement(mean, np.ones((3, 2)), parts)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()
