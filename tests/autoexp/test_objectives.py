import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Bound, Classify, Contour, Explore, Maximize, Minimize, Target
from autoexp.errors import ObjectiveError
from autoexp.objectives import as_objectives

names = st.text("abIE_ 2", min_size=1)
anything = st.one_of(
    st.builds(Maximize, names),
    st.builds(Minimize, names),
    st.builds(Explore, names),
    st.builds(Classify, names),
    st.builds(Target, names, st.floats(-1e9, 1e9)),
    st.builds(Contour, names, st.floats(-1e9, 1e9)),
)


@given(anything)
def test_one_objective_is_a_tuple_of_one(objective):
    assert as_objectives(objective) == as_objectives([objective]) == (objective,)


@given(st.lists(anything, min_size=1, max_size=5, unique_by=lambda objective: objective.name))
def test_order_is_kept(objectives):
    assert as_objectives(objectives) == tuple(objectives)


@pytest.mark.parametrize("name", ["I", "det", "sum", "gamma", "E", "2theta", "beam_width_x"])
def test_any_field_name_will_do(name):
    assert as_objectives(Maximize(name))[0].name == name


def test_a_field_may_be_wanted_and_bounded():
    objectives = (Maximize("I"), Bound("I", high=1e5), Bound("dose", high=3.0))
    assert as_objectives(objectives) == objectives


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ((), "at least one objective other than a Bound is needed"),
        (Bound("dose", high=1.0), "at least one objective other than a Bound is needed"),
        ((Maximize("I"), Minimize("I")), "each field may be wanted once, got 'I' 2 times"),
    ],
    ids=str,
)
def test_wants_that_make_no_sense_are_refused(objectives, message):
    with pytest.raises(ObjectiveError, match=message):
        as_objectives(objectives)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_targets_and_levels_must_be_finite(value):
    with pytest.raises(ObjectiveError, match=f"value must be finite, got {value} for 'I'"):
        Target("I", value)
    with pytest.raises(ObjectiveError, match=f"level must be finite, got {value} for 'I'"):
        Contour("I", value)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (2, 1, "low must be below high, got low=2, high=1 for 'I'"),
        (1, 1, "low must be below high"),
        (math.nan, 1, "low must be below high, got low=nan"),
        (-math.inf, math.inf, "a Bound needs low or high, got neither for 'I'"),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(low, high, message):
    with pytest.raises(ObjectiveError, match=message):
        Bound("I", low, high)
