import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.acquisition.climbing import climb

WIDTH = 3
FREE = np.ones(WIDTH, dtype=bool)


def hill(centre, steepness):
    def landscape(x):
        away = x - centre
        return -(steepness * away**2).sum(axis=1), -2.0 * steepness * away

    return landscape


def starts(count=4, seed=0):
    return np.random.default_rng(seed).random((count, WIDTH))


def test_every_climb_that_could_win_ends_at_the_top():
    centre = np.array([0.2, 0.7, 0.4])
    ends, heights = climb(hill(centre, np.array([1.0, 30.0, 4.0])), starts(), FREE, 60)
    assert ends[np.argmax(heights)] == pytest.approx(centre, abs=1e-5)


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e12])
def test_the_unit_of_the_height_changes_nothing(unit):
    slope = hill(np.array([0.2, 0.7, 0.4]), np.array([1.0, 30.0, 4.0]))
    plain, _ = climb(slope, starts(), FREE, 12)
    scaled, _ = climb(lambda x: tuple(unit * part for part in slope(x)), starts(), FREE, 12)
    assert scaled == pytest.approx(plain, abs=1e-9)


def test_stays_in_the_cube_and_reaches_its_face():
    centre = np.array([1.7, 0.7, -0.4])
    ends, heights = climb(hill(centre, np.array([1.0, 30.0, 4.0])), starts(), FREE, 60)
    assert ends.min() >= 0.0
    assert ends.max() <= 1.0
    assert ends[np.argmax(heights)] == pytest.approx([1.0, 0.7, 0.0], abs=1e-5)


def test_held_coordinates_do_not_move():
    begin = starts()
    free = np.array([True, False, True])
    ends, heights = climb(hill(np.array([0.2, 0.7, 0.4]), np.ones(3)), begin, free, 40)
    assert (ends[:, 1] == begin[:, 1]).all()
    assert ends[np.argmax(heights)][[0, 2]] == pytest.approx([0.2, 0.4], abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), evaluations=st.integers(1, 12), bumps=st.floats(0.0, 30.0))
def test_none_ends_lower_and_heights_are_those_of_the_ends(seed, evaluations, bumps):
    phase = np.random.default_rng(seed).random(WIDTH)
    asked = []

    def landscape(x):
        asked.append(len(x))
        return np.cos(bumps * (x - phase)).sum(axis=1), -bumps * np.sin(bumps * (x - phase))

    begin = starts(seed=seed)
    ends, heights = climb(landscape, begin, FREE, evaluations)
    assert len(asked) <= evaluations
    assert (heights >= landscape(begin)[0]).all()
    assert heights == pytest.approx(landscape(ends)[0])
    assert ends.min() >= 0.0
    assert ends.max() <= 1.0


def test_a_flat_landscape_is_left_at_once():
    asked = []

    def flat(x):
        asked.append(1)
        return np.zeros(len(x)), np.zeros_like(x)

    ends, _ = climb(flat, starts(), FREE, 50)
    assert (ends == starts()).all()
    assert len(asked) == 1


def test_ends_where_little_is_promised():
    asked = []

    def gentle(x):
        asked.append(1)
        return hill(np.full(WIDTH, 0.5), np.full(WIDTH, 1e-6))(x)

    climb(gentle, starts(), FREE, 50, tolerance=1e-3)
    assert len(asked) == 1
