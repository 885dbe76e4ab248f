"""Two-time correlation."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Band, FrameMeta, FrameSpec, Poni
from autoexp.reduction.xpcs import LabelledBins, RadialBins, TwoTime
from autoexp.testing.reducers import ReducerContract

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
LABELS = torch.zeros((20, 24), dtype=torch.int64)
LABELS[1:9, 2:20] = 1
LABELS[10:19, 3:] = 2


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return TwoTime(RadialBins(PONI, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1))), window=5, groups=4)


def counts(n):
    return np.random.default_rng(2).poisson(np.random.default_rng(3).exponential(6.0, (n, 20, 24)))


def by_definition(frames, valid):
    """Mean product over mean intensities of the pixels valid in both frames, pair by pair."""
    found = np.empty((2, len(frames), len(frames)))
    for name in (1, 2):
        inside = LABELS.numpy() == name
        for i, first in enumerate(frames):
            for j, second in enumerate(frames):
                both = inside & valid[i] & valid[j]
                found[name - 1, i, j] = (first * second)[both].mean() / first[both].mean() / second[both].mean()
    return found


def reading(frames, sizes, window=12):
    reducer = TwoTime(LabelledBins(LABELS), window=window)
    state, start = reducer.init(FrameSpec((20, 24))), 0
    for size in sizes:
        state = reducer.update(state, frames[start : start + size], FrameMeta(exposure=0.5))
        start += size
    return reducer.read(state)["two_time"]


@pytest.mark.parametrize("sizes", [[12], [30], [1] * 19, [5, 7, 13], [3, 40, 2]])
@pytest.mark.parametrize("masked", [False, True])
def test_is_the_definition_for_the_last_frames(sizes, masked):
    frames = counts(sum(sizes))
    valid = np.ones(frames.shape, dtype=bool)
    if masked:
        valid = np.random.default_rng(4).random(frames.shape) > 0.1
    found = reading(torch.from_numpy(np.where(valid, frames, -1)), sizes)
    np.testing.assert_allclose(found.value, by_definition(frames[-12:], valid[-12:]), rtol=1e-6)
    assert found.axes["t1"].values[-1] == pytest.approx(0.5 * (sum(sizes) - 1))
    assert found.flags == (Flags.MASKED if masked else Flags.NONE)


def test_fewer_frames_than_the_window_leave_the_rest_open():
    found = reading(torch.from_numpy(counts(4)), [4], window=6)
    assert np.isfinite(found.value[:, :4, :4]).all()
    assert np.isnan(found.value[:, 4:]).all()
    assert np.isnan(found.sigma[:, :, 4:]).all()
    assert found.flags == Flags.INCOMPLETE


def test_sigma_is_the_spread_between_samples():
    """Of uncorrelated frames, whose correlation is 1."""
    rng = np.random.default_rng(9)
    found = [reading(torch.from_numpy(rng.poisson(rng.exponential(6.0, (2, 20, 24)))), [2], 2) for _ in range(100)]
    pulls = [(each.value[:, 0, 1] - 1.0) / each.sigma[:, 0, 1] for each in found]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.25)


def test_agrees_with_scikit_beam():
    peer = pytest.importorskip("skbeam.core.correlation")
    frames = counts(12)
    expected = peer.two_time_corr(LABELS.numpy(), frames, 12, 12, 1).g2
    found = reading(torch.from_numpy(frames), [12]).value
    off = ~np.eye(12, dtype=bool)
    np.testing.assert_allclose(found[:, off], expected[:, off], rtol=1e-6)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="2 or more, got 1 and 8"):
        TwoTime(LabelledBins(LABELS), window=1)
    with pytest.raises(ReductionError, match="must be positive"):
        TwoTime(LabelledBins(LABELS), period=-1.0)
    with pytest.raises(ReductionError, match=r"got \(3, 20, 25\)"):
        reading(torch.zeros((3, 20, 25)), [3])
