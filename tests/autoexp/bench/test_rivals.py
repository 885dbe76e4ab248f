import numpy as np
import pytest

from autoexp import Dof, Space
from autoexp.bench import grid_effort, random_effort

SPACE = Space([Dof("x", 0.0, 1.0, speed=1.0)])


def distance(points):
    return np.array([abs(point["x"] - 0.7) for point in points])


def test_grid_takes_the_coarsest_that_is_good_enough():
    effort = grid_effort(SPACE, distance, goal=0.05, exposure=2.0)
    assert effort.reached
    assert effort.points == 3
    assert effort.seconds == pytest.approx(2 / 3 + 3 * 2.0)


def test_grid_gives_up():
    effort = grid_effort(SPACE, distance, goal=-1.0, exposure=1.0, most=100)
    assert not effort.reached
    assert effort.points == 100


def test_random_needs_one_over_the_share_of_good_points():
    effort = random_effort(SPACE, distance, goal=0.01, exposure=1.0, seed=0, repeats=401)
    assert effort.points == pytest.approx(np.log(0.5) / np.log(1 - 0.02), rel=0.25)


def test_random_gives_up():
    assert not random_effort(SPACE, distance, goal=-1.0, exposure=1.0, seed=0, repeats=3, most=5000).reached
