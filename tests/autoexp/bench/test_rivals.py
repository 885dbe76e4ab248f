import numpy as np
import pytest

from autoexp import Dof, Space
from autoexp.bench import Effort, grid_effort, random_effort

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


def test_random_needs_the_median_of_a_geometric_distribution():
    effort = random_effort(SPACE, distance, goal=0.01, exposure=1.0, seed=0)
    assert effort.reached
    assert effort.points == pytest.approx(np.log(0.5) / np.log(1 - 0.02), abs=3)
    assert effort.seconds == pytest.approx(effort.points + (effort.points - 1) / 3, rel=0.05)


def test_random_agrees_with_walks():
    generator = np.random.default_rng(1)
    walks = [int(np.argmax(np.abs(generator.random(5000) - 0.7) <= 0.01)) + 1 for _ in range(2001)]
    effort = random_effort(SPACE, distance, goal=0.01, exposure=1.0, seed=0)
    assert effort.points == pytest.approx(np.median(walks), rel=0.1)


def test_random_gives_up():
    effort = random_effort(SPACE, distance, goal=-1.0, exposure=1.0, seed=0, draws=5000)
    assert effort == Effort(5000, effort.seconds, reached=False)
