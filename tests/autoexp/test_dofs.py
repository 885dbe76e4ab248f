import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autoexp import Dof
from autoexp.errors import PointError, SpaceError

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
seconds = st.floats(0, 100)


@st.composite
def ranges(draw, **costs):
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    return Dof("x", low, high, unit="mm", **{name: draw(strategy) for name, strategy in costs.items()})


@st.composite
def integers(draw):
    low, high = sorted(draw(st.lists(st.integers(-1000, 1000), min_size=2, max_size=2, unique=True)))
    return Dof("n", low, high, integer=True)


words = st.lists(st.text("abcdef", min_size=1), min_size=2, max_size=5, unique=True).map(
    lambda choices: Dof("filter", choices=tuple(choices))
)
stops = st.lists(numbers, min_size=2, max_size=6, unique=True).map(lambda choices: Dof("gap", choices=tuple(choices)))
dofs = st.one_of(ranges(), integers(), words, stops)
moving = ranges(speed=st.floats(0.01, 100), acceleration=seconds, settle=seconds)


@given(dofs, st.data())
def test_every_point_of_the_unit_cube_decodes_to_a_position(dof, data):
    unit = np.array([data.draw(st.lists(st.floats(0, 1), min_size=dof.width, max_size=dof.width))])
    (value,) = dof.decode(unit)
    assert dof.check(value) == value


@given(dofs, st.data())
def test_decode_undoes_encode(dof, data):
    unit = np.array([data.draw(st.lists(st.floats(0, 1), min_size=dof.width, max_size=dof.width))])
    value = dof.decode(unit)
    again = dof.decode(dof.encode(value))
    if dof.choices or dof.integer:
        assert again == value
    else:
        assert again[0] == pytest.approx(value[0], abs=1e-12 * max(1.0, abs(dof.low), abs(dof.high)))


@given(st.one_of(ranges(), stops, integers()))
def test_limits_encode_to_the_ends_of_the_cube(dof):
    assert dof.encode(dof.limits)[:, 0].tolist() == [0.0, 1.0]


@given(words)
def test_words_become_one_hot(dof):
    assert dof.encode(dof.choices).tolist() == np.eye(len(dof.choices)).tolist()


def test_readbacks_outside_the_range_map_outside_the_cube():
    assert Dof("x", 0, 2).encode([-0.02, 2.02])[:, 0] == pytest.approx([-0.01, 1.01])


places = st.integers(0, 10**6).map(lambda place: place / 10**6)
"""Positions in the unit cube that are the same or further apart than rounding."""


@given(moving, st.lists(places, min_size=3, max_size=3))
def test_travel_time_is_a_metric(dof, unit):
    a, b, c = dof.decode(np.array(unit).reshape(-1, 1))
    assert dof.travel_time(a, a) == 0.0
    assert dof.travel_time(a, b) == dof.travel_time(b, a) >= 0.0
    assert dof.travel_time(a, c) <= (dof.travel_time(a, b) + dof.travel_time(b, c)) * (1 + 1e-12)
    assume(a != b)
    assert dof.travel_time(a, b) >= dof.settle


@given(moving, places, st.floats(-1e-10, 1e-10))
def test_rounding_of_a_position_costs_no_move(dof, place, error):
    (position,) = dof.decode(np.array([[place]]))
    assert dof.travel_time(position, position + error * (dof.high - dof.low)) == 0.0


@given(moving, st.floats(0, 1))
def test_travel_time_grows_with_distance(dof, half):
    near, far = dof.decode(np.array([[half / 2], [half]]))
    assert dof.travel_time(dof.low, near) <= dof.travel_time(dof.low, far) * (1 + 1e-12)


@given(st.floats(0.1, 10), st.floats(0.1, 10))
def test_travel_time_meets_where_the_two_profiles_meet(speed, acceleration):
    ramps = speed * acceleration
    dof = Dof("x", 0, 4 * ramps, speed=speed, acceleration=acceleration)
    assert dof.travel_time(0, ramps) == pytest.approx(2 * acceleration)
    assert dof.travel_time(0, 2 * ramps) == pytest.approx(3 * acceleration)
    assert dof.travel_time(0, ramps / 4) == pytest.approx(acceleration)


def test_words_cost_their_settling_and_nothing_else():
    dof = Dof("filter", choices=("Al", "Cu"), settle=3.0, speed=0.1)
    assert dof.travel_time("Al", "Cu") == 3.0
    assert dof.travel_time("Al", "Al") == 0.0


def test_moves_take_no_time_by_default():
    assert Dof("x", 0, 1).travel_time(0, 1) == 0.0


@pytest.mark.parametrize(
    ("value", "plain"), [(np.float32(0.5), 0.5), (np.int64(1), 1.0), (1, 1.0), (0.25, 0.25)], ids=repr
)
def test_check_gives_plain_numbers(value, plain):
    checked = Dof("x", 0, 1).check(value)
    assert (type(checked), checked) == (float, plain)


def test_check_gives_integers_and_choices_as_their_devices_take_them():
    assert type(Dof("n", 0, 5, integer=True).check(np.float64(3.0))) is int
    assert type(Dof("n", choices=(1, 2)).check(np.float64(2.0))) is int


@pytest.mark.parametrize(
    ("dof", "value", "message"),
    [
        (Dof("x", 0, 1, unit="mm"), 1.5, r"'x' must lie in 0 to 1 mm, got 1.5"),
        (Dof("x", 0, 1), math.nan, r"'x' must lie in 0 to 1, got nan"),
        (Dof("x", 0, 1), "near", r"'x' must lie in 0 to 1, got 'near'"),
        (Dof("x", 0, 1), None, r"must be a number or a word, got None"),
        (Dof("x", 0, 1), True, r"must be a number or a word, got True"),
        (Dof("n", 0, 5, integer=True), 2.5, r"'n' must be a whole number, got 2.5"),
        (Dof("filter", choices=("Al", "Cu")), "Pb", r"'filter' must be one of \('Al', 'Cu'\), got 'Pb'"),
    ],
    ids=str,
)
def test_check_names_the_rule_and_the_value(dof, value, message):
    with pytest.raises(PointError, match=message):
        dof.check(value)


def test_encode_refuses_a_word_that_is_no_choice():
    with pytest.raises(PointError, match=r"'filter' must be one of .* got 'Pb'"):
        Dof("filter", choices=("Al", "Cu")).encode(["Al", "Pb"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 2, "high": 1, "unit": "mm"}, "low must be below high, got low=2 mm, high=1 mm for 'x'"),
        ({"low": 1, "high": 1}, "low must be below high, got low=1, high=1 for 'x'"),
        ({"low": 0}, "low and high must be finite, got low=0, high=nan for 'x'"),
        ({"low": 0, "high": math.inf}, "low and high must be finite, got low=0, high=inf for 'x'"),
        ({"low": "a", "high": 1}, "low and high must be numbers for 'x'.* got 'a'"),
        ({"low": None, "high": 1}, "low and high must be numbers for 'x'.* got None"),
        ({"low": 0.2, "high": 1.8, "integer": True}, "an integer range needs two whole numbers, got 0.2 to 1.8"),
        ({"low": 0, "high": 1, "choices": (1, 2)}, "a Dof has a range or choices, got both for 'x'"),
        ({"choices": (1,)}, "choices must be two or more different ones"),
        ({"choices": (1, 1.0)}, "choices must be two or more different ones"),
        ({"choices": (1, "a")}, "choices must be all numbers or all words"),
        ({"choices": (1, math.inf)}, "choices must be finite"),
        ({"choices": (1, None)}, "choices must be numbers or words for 'x'.* got None"),
        ({"low": 0, "high": 1, "speed": 0}, "speed must be positive, got 0 for 'x'"),
        ({"low": 0, "high": 1, "settle": -1}, "settle must be zero or more seconds, got -1 for 'x'"),
        ({"low": 0, "high": 1, "acceleration": math.inf}, "acceleration must be zero or more seconds, got inf"),
    ],
    ids=str,
)
def test_a_dof_that_describes_nothing_is_refused(arguments, message):
    with pytest.raises(SpaceError, match=message):
        Dof("x", **arguments)


@pytest.mark.parametrize("movable", [None, "", SimpleNamespace(), SimpleNamespace(name=""), 3], ids=repr)
def test_a_dof_needs_a_name(movable):
    with pytest.raises(SpaceError, match="a Dof needs a device with a name, or a name"):
        Dof(movable, 0, 1)


def test_the_name_is_the_device_s():
    assert Dof(SimpleNamespace(name="kb_pitch"), 0, 1).name == "kb_pitch"


def test_numpy_numbers_become_plain_ones():
    dof = Dof("x", np.int64(0), np.float64(2))
    assert (type(dof.low), type(dof.high)) == (int, float)
    assert Dof("x", choices=np.array([1.0, 2.0])).choices == (1.0, 2.0)


def test_words_have_no_limits():
    with pytest.raises(SpaceError, match="words have no limits"):
        _ = Dof("filter", choices=("Al", "Cu")).limits
