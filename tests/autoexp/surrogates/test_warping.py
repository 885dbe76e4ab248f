import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoexp.surrogates.parameters import Data
from autoexp.surrogates.warping import Warp, warp_of

SIGNS = st.sampled_from((1.0, -1.0))
VALUES = arrays(float, st.integers(2, 30), elements=st.floats(-1e3, 1e3))


def known(y, variance=0.0):
    y = np.asarray(y, dtype=float)
    return Data(np.zeros((len(y), 1)), y, np.full(len(y), variance))


@given(y=VALUES, sign=SIGNS)
def test_keeps_the_order_and_every_good_value(y, sign):
    warp = warp_of(known(y), sign)
    assume(warp is not None)
    bent = warp.values(y)
    order = np.argsort(y, kind="stable")
    assert (np.diff(bent[order]) >= 0).all()
    good = sign * y >= sign * np.median(y)
    np.testing.assert_array_equal(bent[good], y[good])
    assert (sign * bent >= sign * y - 1e-9 * np.abs(y)).all()


@given(y=VALUES, sign=SIGNS)
def test_comes_back_to_the_value(y, sign):
    assume(np.ptp(y) > 1e-3)
    warp = warp_of(known(y), sign)
    value, _ = warp.natural(warp.values(y), np.ones(len(y)))
    np.testing.assert_allclose(value, y, rtol=1e-6, atol=1e-9 * np.ptp(y))


@given(e=st.floats(0.01, 50.0), sign=SIGNS)
def test_sigmas_follow_the_slope(e, sign):
    warp = Warp(hinge=2.0, width=0.5, sign=sign)
    y, step = 2.0 - sign * e, 1e-5
    slope = float(np.diff(warp.values(np.array([y - step, y + step])))[0]) / (2 * step)
    told = warp.told(known([y], 0.04))
    assert np.sqrt(told.variance[0]) == pytest.approx(0.2 * slope, rel=1e-5)
    _, sigma = warp.natural(told.y, np.sqrt(told.variance))
    assert sigma[0] == pytest.approx(0.2, rel=1e-9)


def test_width_is_how_far_the_best_is_ahead_of_the_median_but_not_within_the_noise():
    assert warp_of(known([1.0, 2.0, 4.0, 9.0, 100.0]), -1.0) == Warp(4.0, 3.0, -1.0)
    assert warp_of(known([1.0, 2.0, 4.0, 9.0, 100.0], variance=4.0), -1.0) == Warp(4.0, 10.0, -1.0)


def test_values_that_are_alike_are_not_bent():
    assert warp_of(known([3.0, 3.0]), 1.0) is None
    assert warp_of(known([]), 1.0) is None


def test_many_equal_values_leave_a_usable_warp():
    warp = warp_of(known([0.0] * 9 + [-1e6]), 1.0)
    bent = warp.values(np.array([0.0, -1e6]))
    assert np.isfinite(bent).all()
    assert bent[1] < 0.0
    value, sigma = warp.natural(np.array([-1e6]), np.array([1.0]))
    assert np.isfinite([value, sigma]).all()
