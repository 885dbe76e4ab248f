import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp import Dof, LinearConstraint, Space
from autoexp.errors import PointError, SpaceError

kinds = {
    "range": lambda name: Dof(name, -2.0, 3.0, unit="mm", speed=2.0, acceleration=0.2),
    "integer": lambda name: Dof(name, 1, 6, integer=True, settle=0.1),
    "stops": lambda name: Dof(name, choices=(1.0, 2.5, 7.0), speed=1.0),
    "words": lambda name: Dof(name, choices=("Al", "Cu", "none"), settle=2.0),
}
spaces = st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=4).map(
    lambda chosen: Space([kinds[kind](f"{kind}{index}") for index, kind in enumerate(chosen)])
)
plane = [Dof("x", -1, 1), Dof("y", 0, 2)]
triangle = LinearConstraint({"x": 1.0, "y": 1.0}, high=1.0)


def unit_rows(space, n):
    row = st.lists(st.floats(0, 1), min_size=space.width, max_size=space.width)
    return st.lists(row, min_size=n, max_size=n).map(np.array)


@given(spaces, st.data())
def test_the_unit_cube_holds_points_of_the_space_both_ways(space, data):
    points = space.from_unit(data.draw(unit_rows(space, 3)))
    assert [space.check(point) for point in points] == points
    again = space.from_unit(space.to_unit(points))
    for point, other in zip(points, again, strict=True):
        for name, value in point.items():
            assert other[name] == (value if isinstance(value, str) else pytest.approx(value, abs=1e-12))


@given(spaces, st.integers(0, 2**31))
def test_width_is_the_number_of_coordinates(space, seed):
    assert space.to_unit(space.sobol(3, seed=seed)).shape == (3, space.width)
    assert space.to_unit([]).shape == (0, space.width)


@given(spaces, st.integers(0, 12), st.integers(1, 12), st.integers(0, 1000))
def test_skipping_sobol_points_leaves_the_rest_of_the_sequence(space, skip, n, seed):
    assert space.sobol(n, seed=seed, skip=skip) == space.sobol(skip + n, seed=seed)[skip:]


@settings(max_examples=25)
@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 1000))
def test_skipping_is_the_same_under_constraints(skip, n, seed):
    space = Space(plane, [triangle])
    points = space.sobol(n, seed=seed, skip=skip)
    assert points == space.sobol(skip + n, seed=seed)[skip:]
    assert space.allowed(points).all()


@given(st.integers(1, 30), st.integers(0, 1000))
def test_sobol_gives_each_candidate_of_a_pool_once(size, seed):
    generator = np.random.default_rng(seed)
    space = Space(plane, pool={"x": generator.uniform(-1, 1, size), "y": generator.uniform(0, 2, size)})
    whole = space.sobol(size + 5, seed=seed)
    assert sorted(map(str, whole)) == sorted(map(str, space.pool))
    assert space.sobol(3, seed=seed, skip=2) == whole[2:5]


def test_different_seeds_scramble_differently():
    space = Space(plane)
    assert space.sobol(4, seed=0) != space.sobol(4, seed=1)


@given(spaces, st.data())
def test_travel_time_is_that_of_the_slowest_dof(space, data):
    a, b, c = space.from_unit(data.draw(unit_rows(space, 3)))
    alone = [dof.travel_time(a[dof.name], b[dof.name]) for dof in space.dofs]
    assert space.travel_time(a, b) == max(alone)
    assert space.travel_time(a, b) == space.travel_time(b, a)
    assert space.travel_time(a, c) <= (space.travel_time(a, b) + space.travel_time(b, c)) * (1 + 1e-12)


@given(spaces, st.integers(1, 4))
def test_a_grid_turns_back_at_its_ends(space, per_dof):
    points = space.grid(per_dof)
    assert len({tuple(point.items()) for point in points}) == len(points)
    for before, after in itertools.pairwise(points):
        assert sum(before[name] != after[name] for name in space.names) == 1


def test_a_grid_spans_the_ranges():
    points = Space(plane).grid(3)
    assert [list(point.values()) for point in points[:4]] == [[-1, 0], [-1, 1], [-1, 2], [0, 2]]
    assert Space(plane).grid(1) == [{"x": 0.0, "y": 1.0}]


def test_a_grid_leaves_out_what_constraints_forbid():
    space = Space(plane, [triangle])
    assert {"x": 1.0, "y": 2.0} not in space.grid(3)
    assert space.allowed(space.grid(9)).all()


def test_callable_constraints_see_columns():
    space = Space(plane, [lambda columns: columns["x"] ** 2 + (columns["y"] - 1) ** 2 <= 1])
    assert all(math.hypot(point["x"], point["y"] - 1) <= 1 for point in space.sobol(50, seed=3))
    with pytest.raises(PointError, match=r"a point must satisfy .* got {'x': 1.0, 'y': 0.0}"):
        space.check({"x": 1.0, "y": 0.0})


@given(st.data())
def test_a_pool_snaps_to_its_nearest_candidate(data):
    pool = {"x": [-1.0, 0.0, 1.0, 0.5], "y": [0.0, 1.0, 2.0, 0.3]}
    space = Space(plane, pool=pool)
    row = data.draw(unit_rows(space, 1))
    (chosen,) = space.from_unit(row)
    distances = np.square(space.to_unit(space.pool) - row).sum(axis=1)
    assert np.square(space.to_unit([chosen]) - row).sum() == distances.min()


def test_constraints_thin_out_a_pool():
    space = Space(plane, [triangle], pool={"x": [0.0, 1.0], "y": [0.5, 1.5]})
    assert space.pool == ({"x": 0.0, "y": 0.5},)
    assert space.grid(99) == [{"x": 0.0, "y": 0.5}]
    with pytest.raises(PointError, match="one of the pool's 1 candidates"):
        space.check({"x": 0.1, "y": 0.5})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dofs": []}, "at least one Dof, got none"),
        ({"dofs": [*plane, Dof("x", 0, 1)]}, "each Dof needs its own name, got 'x' 2 times"),
        ({"dofs": plane, "constraints": [LinearConstraint({"z": 1.0})]}, r"must name Dofs \('x', 'y'\), got 'z'"),
        (
            {"dofs": [Dof("f", choices=("a", "b"))], "constraints": [LinearConstraint({"f": 1.0})]},
            "a linear constraint needs numbers, got words for 'f'",
        ),
        (
            {"dofs": plane, "constraints": [LinearConstraint({"x": 1.0}, low=9)]},
            "must leave 1 points to measure, got 0 of",
        ),
        ({"dofs": plane, "constraints": [lambda columns: columns["x"]]}, "truth values for .* got float64"),
        ({"dofs": plane, "constraints": [lambda columns: np.array(True)]}, r"truth values .* of shape \(\)"),
        ({"dofs": plane, "pool": {"x": [0.0]}}, "a pool must give 'x', 'y', got 'x'"),
        ({"dofs": plane, "pool": {"x": [0.0], "y": [0.0, 1.0]}}, "columns of a pool must be of one length"),
        ({"dofs": plane, "pool": {"x": [], "y": []}}, "a pool needs at least one point, got none"),
        ({"dofs": plane, "pool": {"x": [0.0, 5.0], "y": [0.0, 1.0]}}, "must lie in its Dofs: 'x' must lie in -1 to 1"),
        (
            {"dofs": plane, "constraints": [triangle], "pool": {"x": [1.0], "y": [2.0]}},
            "must leave a point of the pool, got none of 1",
        ),
    ],
)
def test_a_space_without_points_is_refused(arguments, message):
    with pytest.raises(SpaceError, match=message):
        Space(**arguments)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"x": 0.0}, "a point must give 'x', 'y', got 'x'"),
        ({"x": 0.0, "y": 0.0, "z": 0.0}, "a point must give 'x', 'y', got 'x', 'y', 'z'"),
        ({"x": 5.0, "y": 0.0}, "'x' must lie in -1 to 1, got 5.0"),
        ({"x": 1.0, "y": 2.0}, "a point must satisfy LinearConstraint"),
    ],
    ids=str,
)
def test_a_point_outside_is_refused(point, message):
    with pytest.raises(PointError, match=message):
        Space(plane, [triangle]).check(point)


@pytest.mark.parametrize(
    ("unit", "message"),
    [([[0.5]], "must have 2 coordinates, got 1"), ([[0.5, math.nan]], r"must be finite, got \[0.5 nan\]")],
    ids=str,
)
def test_unit_cube_points_that_are_none_are_refused(unit, message):
    with pytest.raises(SpaceError, match=message):
        Space(plane).from_unit(np.array(unit))


def test_sobol_and_grid_refuse_counts_that_are_none():
    with pytest.raises(SpaceError, match="n and skip must be zero or more, got n=-1, skip=0"):
        Space(plane).sobol(-1, seed=0)
    with pytest.raises(SpaceError, match="one point or more per Dof, got 0"):
        Space(plane).grid(0)


@given(spaces)
def test_the_description_is_strict_json(space):
    described = json.loads(json.dumps(space.describe(), allow_nan=False))
    assert [dof["name"] for dof in described] == list(space.names)
    for entry, dof in zip(described, space.dofs, strict=True):
        assert ("choices" in entry) == bool(dof.choices)
        assert entry["unit"] == dof.unit


def test_the_description_rebuilds_the_dofs():
    dofs = [kind(name) for name, kind in kinds.items()]
    rebuilt = [
        Dof(entry.pop("name"), **{**entry, "choices": tuple(entry.get("choices", ()))})
        for entry in Space(dofs).describe()
    ]
    assert [repr(dof) for dof in rebuilt] == [repr(dof) for dof in dofs]
