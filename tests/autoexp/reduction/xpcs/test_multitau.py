"""Multiple-tau correlation: against the formula, against scikit-beam, and by the contract."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.protocols import Merges
from autoexp.reduction import Band, FrameMeta, Frames, FrameSpec, Poni
from autoexp.reduction.xpcs import Correlator, LabelledBins, MultiTau, RadialBins, lag_steps
from autoexp.testing.reducers import ReducerContract

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
RINGS = RadialBins(PONI, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1)))


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return MultiTau(Correlator(RINGS, levels=3, channels=4, groups=4))


class TestContractWithMasks(TestContract):
    """Frames with their own masks go the other way through the sums."""

    @pytest.fixture
    def frames(self, spec):
        counts = np.random.default_rng(3).poisson(5.0, (30, *spec.shape))
        counts[4, 10:20] = -1
        counts[7] = -1
        return torch.from_numpy(counts)


def labels():
    """Three regions of uneven sizes on a 20 x 24 detector."""
    found = torch.zeros((20, 24), dtype=torch.int64)
    found[1:9, 2:20] = 1
    found[9:12] = 2
    found[13:19, 3:] = 3
    return found


def movie(n, seed=0):
    """Counts of intensities that change slowly."""
    rng = np.random.default_rng(seed)
    field = rng.normal(size=(2, 20, 24))
    frames = np.empty((n, 20, 24))
    for frame in frames:
        field = 0.9 * field + np.sqrt(1 - 0.81) * rng.normal(size=field.shape)
        frame[:] = rng.poisson(4.0 * (field**2).sum(0))
    return frames


def g2_by_definition(frames, valid, levels, channels):
    """Of each region, see `g2_of`, shape (regions, lags)."""
    regions = labels().numpy()
    inside = [regions == name for name in (1, 2, 3)]
    return np.array([g2_of(np.where(valid, frames, 0.0)[:, each], valid[:, each], levels, channels) for each in inside])


def g2_of(frames, valid, levels, channels):
    """Mean products over mean intensities, lag by lag, each level the means of two valid frames below."""
    found = []
    for level in range(levels):
        for lag in range(channels // 2 if level else 0, channels):
            n = max(0, len(frames) - lag)
            both = valid[:n] & valid[lag:]
            past, future = frames[:n][both], frames[lag:][both]
            found.append((past * future).mean() / (past.mean() * future.mean()) if both.any() else np.nan)
        end = len(frames) // 2 * 2
        valid = valid[0:end:2] & valid[1:end:2]
        frames = 0.5 * (frames[0:end:2] + frames[1:end:2])
    return found


def reading(frames, *, levels=4, channels=8, sizes=None, **options):
    reducer = MultiTau(Correlator(LabelledBins(labels()), levels=levels, channels=channels, groups=4, **options))
    state, start = reducer.init(FrameSpec((20, 24))), 0
    for size in sizes or [len(frames)]:
        state = reducer.update(state, frames[start : start + size], FrameMeta(exposure=0.1))
        start += size
    return reducer.read(state)


@pytest.mark.parametrize("n", [1, 8, 9, 45, 130])
@pytest.mark.parametrize(("levels", "channels"), [(1, 8), (4, 8), (3, 16), (5, 2)])
def test_is_the_mean_over_all_pairs(n, levels, channels):
    frames = movie(n)
    expected = g2_by_definition(frames, np.ones(frames.shape, dtype=bool), levels, channels)
    found = reading(torch.from_numpy(frames).to(torch.int32), levels=levels, channels=channels)["g2"]
    np.testing.assert_allclose(found.value, expected, rtol=1e-6)
    assert found.dims == ("bin", "tau")
    assert found.axes["tau"].values == pytest.approx(0.1 * lag_steps(levels, channels))


@pytest.mark.parametrize(
    "how", ["scattered", "from the tenth frame on", "until the tenth frame", "gaps", "whole frames"]
)
def test_masked_values_enter_no_pair(how):
    frames = movie(61)
    valid = np.ones(frames.shape, dtype=bool)
    rng = np.random.default_rng(5)
    if how == "scattered":
        valid = rng.random(frames.shape) > 0.05
    elif how == "gaps":
        valid[:, 5:7] = False
    elif how == "whole frames":
        valid[[3, 20, 21]] = False
    else:
        valid[10:, 4] = how.startswith("until")
        valid[:10, 4] = how.startswith("from")
    expected = g2_by_definition(frames, valid, 4, 8)
    marked = torch.from_numpy(np.where(valid, frames, 65535)).to(torch.int32)
    for sizes in ([61], [3, 9, 49]):
        found = reading(marked, sizes=sizes)["g2"]
        np.testing.assert_allclose(found.value, expected, rtol=1e-6)
        assert found.flags == Flags.MASKED
    told = Frames(torch.from_numpy(np.where(valid, frames, np.nan)), None, torch.from_numpy(valid))
    np.testing.assert_allclose(reading_of_frames(told).value, expected, rtol=1e-6)


def reading_of_frames(frames):
    reducer = MultiTau(Correlator(LabelledBins(labels()), levels=4, channels=8, groups=4))
    return reducer.read(reducer.update(reducer.init(FrameSpec((20, 24))), frames, FrameMeta()))["g2"]


@pytest.mark.parametrize("chunk", [2, 4, 32])
def test_any_chunk_finds_the_same(chunk):
    frames = torch.from_numpy(movie(75)).to(torch.int32)
    np.testing.assert_allclose(reading(frames, chunk=chunk)["g2"].value, reading(frames)["g2"].value, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int32, torch.uint32, torch.int64, torch.float32])
def test_takes_what_detectors_give(dtype):
    frames = torch.from_numpy(movie(40))
    found = reading(frames.to(torch.int32).to(dtype))["g2"]
    np.testing.assert_array_equal(found.value, reading(frames)["g2"].value)


@pytest.mark.parametrize(
    ("dtype", "sentinel"),
    [
        (torch.int16, -1),
        (torch.uint16, 2**16 - 1),
        (torch.int32, -1),
        (torch.int32, 2**16 - 1),
        (torch.uint32, 2**16 - 1),
        (torch.uint32, 2**32 - 1),
        (torch.int64, 2**32 - 1),
        (torch.float32, -1),
        (torch.float64, np.nan),
    ],
)
def test_leaves_out_what_detectors_mark(dtype, sentinel):
    frames = torch.from_numpy(movie(20))
    valid = torch.ones(frames.shape, dtype=torch.bool)
    valid[:, 5], valid[7, 11:13] = False, False
    marked = torch.where(valid, frames, sentinel)
    marked = marked if dtype.is_floating_point else marked.to(torch.int64)
    found = reading(marked.to(dtype))["g2"]
    np.testing.assert_array_equal(found.value, reading_of_frames(Frames(frames, None, valid)).value)


def test_agrees_with_scikit_beam():
    peer = pytest.importorskip("skbeam.core.correlation")
    frames = movie(301)
    expected, lags = peer.multi_tau_auto_corr(6, 8, labels().numpy(), frames)
    found = reading(torch.from_numpy(frames).to(torch.uint16), levels=6)["g2"]
    np.testing.assert_allclose(found.value[:, : len(lags)], expected.T, rtol=1e-6)


def test_agrees_with_scikit_beam_on_bad_frames():
    correlation = pytest.importorskip("skbeam.core.correlation")
    frames = movie(100)
    frames[[11, 40]] = np.nan
    expected, lags = correlation.multi_tau_auto_corr(3, 8, labels().numpy(), frames)
    found = reading(torch.from_numpy(frames), levels=3)["g2"]
    np.testing.assert_allclose(found.value[:, : len(lags)], expected.T, rtol=1e-6)


def test_sigma_is_the_spread_between_samples():
    """Of forty patches of one movie, which have nothing to do with each other."""
    patches = torch.arange(1, 41).repeat_interleave(12).reshape(20, 24)
    reducer = MultiTau(Correlator(LabelledBins(patches), levels=2, groups=12))
    frames = torch.from_numpy(movie(60))
    found = reducer.read(reducer.update(reducer.init(FrameSpec((20, 24))), frames, FrameMeta()))["g2"]
    spread, stated = found.value.std(axis=0, ddof=1), np.sqrt((found.sigma**2).mean(axis=0))
    assert np.median((stated / spread)[1:]) == pytest.approx(1.0, abs=0.2)


def test_intensity_is_the_mean_count():
    frames = movie(30)
    found = reading(torch.from_numpy(frames))["intensity"]
    assert found.value == pytest.approx([frames[:, labels().numpy() == name].mean() for name in (1, 2, 3)])
    assert (np.abs(found.value - 8.0) < 5 * found.sigma).all()


def test_period_may_be_longer_than_the_exposure():
    found = reading(torch.from_numpy(movie(10)), period=0.5)["g2"]
    assert found.axes["tau"].values[:3].tolist() == [0.0, 0.5, 1.0]


def test_states_of_interleaved_frames_cannot_merge():
    assert not isinstance(MultiTau(Correlator(RINGS)), Merges)


def test_darkness_has_no_correlation():
    found = reading(torch.zeros((20, 20, 24), dtype=torch.int32))["g2"]
    assert np.isnan(found.value).all()
    assert np.isnan(found.sigma).all()
    assert found.flags == Flags.NO_SIGNAL


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="groups must be 2 or more, got 1"):
        Correlator(RINGS, groups=1)
    with pytest.raises(ReductionError, match="even and 2 or more, got 7"):
        Correlator(RINGS, chunk=7)
    with pytest.raises(ReductionError, match=r"got 0\.0 s"):
        Correlator(RINGS, period=0.0)
    with pytest.raises(ReductionError, match=r"frames must be \(n, 20, 24\), got \(3, 20, 25\)"):
        reading(torch.zeros((3, 20, 25)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_finds_the_same():
    reducer = MultiTau(Correlator(LabelledBins(labels()), levels=4, channels=8, groups=4))
    frames = torch.from_numpy(movie(61)).to(torch.int32)
    frames[20, 3:6] = -1
    found = [
        reducer.read(reducer.update(reducer.init(FrameSpec((20, 24), device)), frames, FrameMeta()))["g2"]
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(found[1].value, found[0].value, rtol=1e-5)
    np.testing.assert_allclose(found[1].sigma, found[0].sigma, rtol=1e-3)
