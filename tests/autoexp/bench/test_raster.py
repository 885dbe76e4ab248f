import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Dof, Explore, LinearConstraint, Space
from autoexp.bench import RasterRival, compare, raster
from autoexp.errors import AutoexpError

from .scenes import peak_map

LINE = Space([Dof("x", 0.0, 1.0)])
PLANE = Space([Dof("x", -2.0, 2.0), Dof("y", 10.0, 11.0)])


@given(st.integers(1, 200), st.integers(0, 50))
def test_there_are_as_many_points_as_asked_for_and_all_differ(count, seed):
    points = raster(PLANE, count, seed=seed)
    assert len({(point["x"], point["y"]) for point in points}) == len(points) == count
    assert PLANE.allowed(points).all()


@given(st.integers(2, 100), st.integers(0, 50))
def test_on_a_line_they_are_equally_spaced(count, seed):
    at = np.array([point["x"] for point in raster(LINE, count, seed=seed)])
    np.testing.assert_allclose(np.diff(at), 1 / count)
    assert 0 <= at[0] < 1 / count


@given(st.integers(4, 150), st.integers(0, 9))
def test_a_plane_has_rows_back_and_forth_that_are_as_many_as_points_in_one(count, seed):
    points = raster(PLANE, count, seed=seed)
    rows = [[point["y"] for point in row] for _, row in itertools.groupby(points, key=lambda point: point["x"])]
    assert {len(row) for row in rows} <= {count // len(rows), count // len(rows) + 1}
    assert abs(len(rows) - count / len(rows)) <= 2
    assert all(row == sorted(row, reverse=bool(number % 2)) for number, row in enumerate(rows))


def test_offsets_are_uniform_in_a_cell():
    offsets = np.array([[point["x"], point["y"]] for seed in range(400) for point in raster(PLANE, 1, seed=seed)])
    share = (offsets - [-2.0, 10.0]) / [4.0, 1.0]
    assert share.mean(axis=0) == pytest.approx([0.5, 0.5], abs=5 / np.sqrt(12 * 400))
    assert share.std(axis=0) == pytest.approx([np.sqrt(1 / 12)] * 2, rel=0.15)
    assert raster(PLANE, 9, seed=1) == raster(PLANE, 9, seed=1)


def test_constraints_make_it_finer_and_never_more_than_asked_for():
    half = Space(PLANE.dofs, constraints=[LinearConstraint({"x": 1.0}, high=0.0)])
    points = raster(half, 30, seed=2)
    assert 24 <= len(points) <= 30
    assert half.allowed(points).all()


def test_choices_are_measured_once():
    space = Space([Dof("filter", choices=("Al", "Cu", "Pb")), Dof("x", 0.0, 1.0)])
    points = raster(space, 12, seed=0)
    assert {point["filter"] for point in points} == {"Al", "Cu", "Pb"}
    assert len({tuple(point.values()) for point in points}) == len(points) == 12


def test_what_makes_no_sense_is_refused():
    with pytest.raises(AutoexpError, match="one point or more, got 0"):
        raster(LINE, 0, seed=0)
    with pytest.raises(AutoexpError, match="full Space"):
        RasterRival(Space(LINE.dofs, pool={"x": [0.5]}), Explore("flux"), budget=3)


def test_it_is_compared_by_name_with_the_budgets_number_of_points():
    found = compare(["raster", "random"], peak_map, budget=12, seeds=2, workers=0, progress=False)
    assert not found.failures
    assert found.data.beam_time.sel(agent="raster").notnull().all()
    final = found.data.score.isel(point=-1)
    assert (final.sel(agent="raster") < final.sel(agent="random")).all()
    assert len(np.unique(final.sel(agent="raster"))) == 2
