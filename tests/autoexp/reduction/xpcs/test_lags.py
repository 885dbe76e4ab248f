"""The delays of a multiple-tau correlation."""

import pytest

from autoexp.errors import ReductionError
from autoexp.reduction.xpcs.lags import lag_steps


def test_delays_are_those_of_the_levels():
    assert lag_steps(1, 4).tolist() == [0, 1, 2, 3]
    assert lag_steps(3, 4).tolist() == [0, 1, 2, 3, 4, 6, 8, 12]
    assert lag_steps(2, 8).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14]


@pytest.mark.parametrize(("levels", "channels"), [(0, 8), (3, 7), (2, 0)])
def test_what_has_no_halves_is_refused(levels, channels):
    with pytest.raises(ReductionError, match=f"levels={levels}, channels={channels}"):
        lag_steps(levels, channels)


@pytest.mark.parametrize(("levels", "channels"), [(4, 8), (6, 16)])
def test_agrees_with_scikit_beam(levels, channels):
    peer = pytest.importorskip("skbeam.core.utils")
    assert lag_steps(levels, channels).tolist() == peer.multi_tau_lags(levels, channels)[1].tolist()
