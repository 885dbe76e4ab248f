"""Where a beam is integrated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction.aperture import Aperture, Oriented
from autoexp.reduction.moments import Moments

SHAPE = (60, 80)


def along(part):
    """Coordinates of all pixels along both sides of a rectangle."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    c, s = math.cos(part.angle), math.sin(part.angle)
    return (x - part.x) * c + (y - part.y) * s, (y - part.y) * c - (x - part.x) * s


@given(
    st.floats(0, 59),
    st.floats(0, 79),
    st.floats(3, 40),
    st.floats(0.1, 1),
    st.one_of(st.floats(-1.55, -0.02), st.floats(0.02, 1.55)),
)
def test_a_rectangle_holds_the_pixels_between_its_sides(y, x, long, share, angle):
    part = Oriented(y, x, long, share * long, angle)
    u, v = along(part)
    edge = np.minimum(abs(abs(u) - part.long), abs(abs(v) - part.short)) < 1e-9
    inside = (abs(u) <= part.long) & (abs(v) <= part.short)
    y0, y1, x0, x1 = box = part.box(SHAPE)
    found = np.zeros(SHAPE, dtype=bool)
    found[y0:y1, x0:x1] = part.inside(box).numpy() > 0
    assert not (found ^ inside)[~edge].any()


def beam(major, minor, angle, y=30.0, x=40.0):
    c, s = math.cos(angle), math.sin(angle)
    xx, yy = major**2 * c**2 + minor**2 * s**2, major**2 * s**2 + minor**2 * c**2
    return Moments(1.0, x, y, xx, yy, (major**2 - minor**2) * c * s)


@given(st.floats(3, 6), st.floats(0.3, 0.7), st.floats(0.3, 1.2), st.sampled_from([-1, 1]))
def test_it_is_parallel_to_the_principal_axes(major, share, angle, side):
    part = Aperture.around(beam(major, share * major, side * angle), SHAPE, factor=3.0, least=1.0).part
    assert (part.long, part.short) == pytest.approx((6 * major, 6 * share * major))
    assert part.angle == pytest.approx(side * angle)


@pytest.mark.parametrize(("minor", "angle"), [(5.0, 0.7), (2.0, 0.0), (2.0, math.pi / 2)])
def test_a_beam_along_the_pixels_has_a_box(minor, angle):
    found = Aperture.around(beam(5.0, minor, angle), SHAPE, factor=3.0, least=1.0)
    assert found.part is None
    assert found.inside() is None


def test_no_side_is_too_short():
    part = Aperture.around(beam(5.0, 0.01, 0.5), SHAPE, factor=3.0, least=8.0).part
    assert part.short == 8.0


def test_it_rests_when_it_neither_grows_nor_turns():
    def around(*args, **kwargs):
        return Aperture.around(beam(*args, **kwargs), SHAPE, factor=1.5, least=1.0)

    here = around(5.0, 2.0, 0.5)
    assert here.rests(around(5.0, 2.0, 0.501))
    assert not here.rests(around(5.0, 2.0, 0.52))
    assert not here.rests(around(5.0, 2.1, 0.5))
    assert not here.rests(around(5.0, 2.0, 0.5, y=33.0))
    assert not here.rests(around(5.0, 2.0, 0.0))
