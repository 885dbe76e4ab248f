import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import LinearConstraint
from autoexp.errors import SpaceError

small = st.floats(-100, 100)
columns = st.integers(1, 6).flatmap(
    lambda n: st.fixed_dictionaries({name: st.lists(small, min_size=n, max_size=n) for name in "ab"})
)


def as_arrays(lists):
    return {name: np.array(column) for name, column in lists.items()}


@given(columns, small, small, small)
def test_it_is_the_sum_between_its_bounds(lists, factor, low, width):
    points = as_arrays(lists)
    total = factor * points["a"] - points["b"]
    clear = (np.abs(total - low) > 1e-6) & (np.abs(total - low - abs(width)) > 1e-6)
    verdict = LinearConstraint({"a": factor, "b": -1.0}, low=low, high=low + abs(width))(points)
    assert verdict[clear].tolist() == ((total >= low) & (total <= low + abs(width)))[clear].tolist()


@given(columns)
def test_its_bounds_are_inclusive(lists):
    points = as_arrays(lists)
    exact = float(points["a"][0] + points["b"][0])
    assert LinearConstraint({"a": 1.0, "b": 1.0}, low=exact, high=exact)(points)[0]


@given(columns, small)
def test_each_side_alone_leaves_what_the_other_forbids(lists, level):
    points = as_arrays(lists)
    above = LinearConstraint({"a": 1.0}, low=level)(points)
    below = LinearConstraint({"a": 1.0}, high=level)(points)
    assert (above | below).all()
    assert LinearConstraint({"a": 1.0}, low=level, high=level)(points).tolist() == (above & below).tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"coefficients": {}}, "needs coefficients, got none"),
        ({"coefficients": {"a": 1.0}, "low": 2, "high": 1}, "low must not be above high, got low=2, high=1"),
        ({"coefficients": {"a": 1.0}, "low": math.nan}, "low must not be above high, got low=nan"),
        ({"coefficients": {"a": math.inf}}, "coefficients of a linear constraint must be finite, got {'a': inf}"),
    ],
    ids=str,
)
def test_a_constraint_that_says_nothing_is_refused(arguments, message):
    with pytest.raises(SpaceError, match=message):
        LinearConstraint(**arguments)
