"""Data quality: the numpy formulas, and a flag for each thing that can be wrong."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import DataQuality, FrameMeta, FrameSpec
from autoexp.testing.reducers import ReducerContract

SHAPE = (64, 80)


def light(n=6, seed=0, level=40.0):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    spot = np.exp(-((x - 35) ** 2 + (y - 30) ** 2) / (2 * 6.0**2))
    return np.random.default_rng(seed).poisson(400 * spot + level, (n, *SHAPE))


def read(frames, **how):
    reducer = DataQuality(**how)
    return reducer.read(
        reducer.update(reducer.init(FrameSpec(SHAPE)), torch.from_numpy(np.asarray(frames)), FrameMeta())
    )


def value(reading, name):
    return float(reading[name].value)


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return DataQuality()


def test_good_frames_raise_no_flag():
    found = read(light())
    assert found["total"].flags == Flags.NONE
    assert value(found, "total") == pytest.approx(light().sum() / 6)
    assert value(found, "hot") == value(found, "dead") == value(found, "saturated") == 0
    assert value(found, "signal_to_noise") > 50


def test_dispersion_is_the_variance_over_the_mean():
    frames = light(8)
    expected = frames.var(0, ddof=1).sum() / frames.mean(0).sum()
    assert value(read(frames), "dispersion") == pytest.approx(expected)


@pytest.mark.parametrize("level", [0.05, 1.0, 40.0])
def test_sigma_of_dispersion_is_its_scatter(level):
    found = [read(light(4, seed, level))["dispersion"] for seed in range(150)]
    values, sigmas = (np.array([float(getattr(each, part)) for each in found]) for part in ("value", "sigma"))
    assert np.mean(values) == pytest.approx(1.0, abs=0.01)
    assert np.std(values) / np.mean(sigmas) == pytest.approx(1.0, abs=0.2)


def test_a_beam_that_flickers_is_flagged():
    frames = light(6)
    frames[::2] = frames[::2] * 0.8
    assert read(frames)["total"].flags & Flags.CHANGED


def test_saturated_pixels_are_counted_per_frame():
    frames = light(4)
    frames[1, 30, 30:34] = 61000
    found = read(frames)
    assert value(found, "saturated") == 1.0
    assert found["total"].flags & Flags.SATURATED


def test_hot_and_dead_pixels_are_found():
    frames = light(4)
    frames[:, 5, 9] = 5000
    frames[:, 50, 60] = frames[:, 40, 12] = 0
    found = read(frames)
    assert (value(found, "hot"), value(found, "dead")) == (1.0, 2.0)
    assert found["total"].flags & Flags.HOT_PIXELS
    assert found["total"].flags & Flags.DEAD_PIXELS


def test_empty_frames_are_counted():
    frames = light(5)
    frames[3] = 0
    found = read(frames)
    assert value(found, "zero_frames") == pytest.approx(0.2)
    assert found["total"].flags & Flags.CHANGED


@pytest.mark.parametrize("level", [40.0, 1000.0])
def test_the_corners_of_modules_are_not_hot(level):
    frames = light(4, level=level).astype(np.int32)
    frames[:, 30:33] = frames[:, :, 40:43] = -1
    found = read(frames)
    assert value(found, "hot") == value(found, "dead") == 0
    assert found["total"].flags == Flags.MASKED
    assert value(found, "total") == pytest.approx(np.where(frames < 0, 0, frames).sum() / 4)


def test_bad_pixels_beside_a_gap_are_found():
    frames = light(4).astype(np.int32)
    frames[:, 30:33] = frames[:, :, 40:43] = -1
    frames[:, 29, 39], frames[:, 33, 43] = 5000, 0
    found = read(frames)
    assert (value(found, "hot"), value(found, "dead")) == (1.0, 1.0)


@pytest.mark.parametrize(("level", "bad"), [(100.0, (0.0, 1.0)), (2.0, (0.0, 0.0))])
def test_a_pixel_is_judged_by_the_frames_that_show_it(level, bad):
    frames = np.random.default_rng(3).poisson(level, (20, *SHAPE)).astype(np.int32)
    often = frames[1:, 46, 46].copy()
    frames[1:, 45:48, 45:48] = -1
    frames[1:, 46, 46] = often
    frames[1:, 20, 20], frames[0, 20, 20] = -1, 0
    found = read(frames)
    assert (value(found, "hot"), value(found, "dead")) == bad


@pytest.mark.parametrize(("sentinel", "kind"), [(-1, np.int32), (65535, np.uint16), (np.nan, np.float64)])
def test_without_a_valid_pixel_nothing_is_known(sentinel, kind):
    for name, each in read(np.full((3, *SHAPE), sentinel, kind)).items():
        assert np.isnan([each.value, each.sigma]).all(), name
        assert (each.flags, each.n_frames) == (Flags.MASKED | Flags.NO_SIGNAL, 3)


def test_a_frame_without_a_valid_pixel_is_left_out():
    frames = light(4).astype(np.int32)
    frames[2], frames[1, 3, 3:5] = 0, 61000
    whole, found = read(frames), read(np.concatenate([frames, np.full((6, *SHAPE), -1, np.int32)]))
    assert value(whole, "zero_frames") == 0.25
    assert value(whole, "saturated") == 0.5
    for name in whole:
        assert value(found, name) == pytest.approx(value(whole, name), rel=1e-12), name
        assert float(found[name].sigma) == pytest.approx(float(whole[name].sigma), rel=1e-12), name
        assert found[name].flags == whole[name].flags | Flags.MASKED


def test_an_empty_frame_with_masked_pixels_is_empty():
    frames = np.zeros((2, *SHAPE), np.int32)
    frames[0] = light(1)[0]
    frames[:, :9] = -1
    assert value(read(frames), "zero_frames") == 0.5


def test_dark_frames_hold_no_signal():
    dark = np.random.default_rng(1).poisson(2.0, (3, *SHAPE))
    assert read(dark)["total"].flags & Flags.NO_SIGNAL


def test_sparse_counts_are_not_hot():
    for seed in range(20):
        sparse = np.random.default_rng(seed).poisson(0.05, (1, *SHAPE))
        assert value(read(sparse), "hot") == 0


@pytest.mark.parametrize("setting", ["saturation", "threshold"])
def test_settings_must_be_positive(setting):
    with pytest.raises(ReductionError, match=f"{setting} must be positive, got -1"):
        DataQuality(**{setting: -1})
