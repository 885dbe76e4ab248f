import numpy as np
import pytest

from autoexp.bench.images import boundary, boundary_f1, structural_similarity


def pictures(seed):
    rng = np.random.default_rng(seed)
    truth = np.cumsum(np.cumsum(rng.normal(size=(24, 31)), axis=0), axis=1)
    return truth, truth + rng.normal(size=truth.shape)


@pytest.mark.parametrize("seed", range(3))
def test_similarity_agrees_with_scikit_image(seed):
    metrics = pytest.importorskip("skimage.metrics")
    truth, guess = pictures(seed)
    theirs = metrics.structural_similarity(truth, guess, data_range=np.ptp(truth), win_size=7)
    # theirs crops the border by the window and averages the rest, as ours does
    assert structural_similarity(truth, guess) == pytest.approx(theirs, rel=1e-9)


def test_the_same_picture_is_one_and_a_worse_one_less():
    truth, guess = pictures(5)
    assert structural_similarity(truth, truth) == pytest.approx(1.0)
    assert structural_similarity(truth, guess) > structural_similarity(truth, truth + 5 * (guess - truth))


def test_boundary_of_a_half_plane():
    inside = np.zeros((4, 6), dtype=bool)
    inside[:, 3:] = True
    assert boundary(inside).nonzero()[1].tolist() == [2, 3] * 4


def test_f1_by_hand():
    truth, far = np.zeros((5, 9), dtype=bool), np.zeros((5, 9), dtype=bool)
    truth[:, 2], far[:, 7] = True, True
    assert boundary_f1(truth, np.roll(truth, 1, axis=1)) == 1.0
    assert boundary_f1(truth, far) == 0.0
    assert boundary_f1(truth, truth | far) == pytest.approx(2 * 0.5 / 1.5)
    assert boundary_f1(truth, np.zeros_like(truth)) == 0.0
