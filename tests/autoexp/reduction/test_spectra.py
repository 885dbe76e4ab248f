"""Fluorescence spectra: regions, non-negative fits and backgrounds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import (
    FrameMeta,
    Frames,
    FrameSpec,
    Region,
    RegionSums,
    SpectrumFit,
    nonnegative_least_squares,
    snip,
)
from autoexp.testing.reducers import ReducerContract

CHANNELS = 64
NAMES = ("Fe", "Ni", "Cu", "Zn")


def lines(width=2.5):
    channel = np.arange(CHANNELS)[:, None]
    shape = np.exp(-((channel - np.array([15.0, 24.0, 30.0, 41.0])) ** 2) / (2 * width**2))
    return shape / shape.sum(0)


def read(reducer, frames):
    batch = torch.from_numpy(np.asarray(frames))
    return reducer.read(reducer.update(reducer.init(FrameSpec(tuple(batch.shape[1:]))), batch, FrameMeta()))


class TestRegionContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return RegionSums((Region("Fe", 10, 20), Region("Zn", 36, 46)))


class TestFitContract(ReducerContract):
    rtol = 1e-7

    @pytest.fixture
    def reducer(self):
        return SpectrumFit(torch.from_numpy(lines()), NAMES)


def test_regions_add_all_elements():
    frames = np.random.default_rng(0).poisson(3.0, (5, 4, CHANNELS))
    found = read(RegionSums((Region("Fe", 10, 20), Region("all", 0, CHANNELS))), frames)
    assert float(found["Fe"].value) == frames[:, :, 10:20].sum() / 5
    assert float(found["Fe"].sigma) == pytest.approx(frames[:, :, 10:20].sum() ** 0.5 / 5)
    assert float(found["all"].value) == frames.sum() / 5


def test_a_region_beyond_the_spectrum_is_flagged():
    found = read(RegionSums((Region("U", 60, 80),)), np.ones((1, 1, CHANNELS)))
    assert found["U"].flags == Flags.INCOMPLETE


def test_a_masked_channel_flags_its_region_only():
    frames = np.ones((1, 2, CHANNELS), dtype=np.int32)
    frames[0, 1, 12] = -1
    found = read(RegionSums((Region("Fe", 10, 20), Region("Zn", 36, 46))), frames)
    assert (found["Fe"].flags, found["Zn"].flags) == (Flags.MASKED, Flags.NONE)
    assert float(found["Fe"].value) == 19


def test_a_channel_is_divided_by_the_frames_that_saw_it():
    frames = np.random.default_rng(4).poisson(100.0, (6, 3, CHANNELS)).astype(np.int32)
    frames[1:5, 2, 12:15] = frames[2, :, 10:20] = frames[:, 1, 11] = -1
    seen = frames >= 0
    often, counted = seen.sum(0), np.where(seen, frames, 0).sum(0)
    shares = counted[:, 10:20] / np.maximum(often, 1)[:, 10:20]
    sigma = np.sqrt((counted / np.maximum(often, 1) ** 2)[:, 10:20].sum())
    reducer = RegionSums((Region("Fe", 10, 20), Region("Zn", 36, 46)))
    for batches in ([6], [1, 4, 1]):
        state = reducer.init(FrameSpec((3, CHANNELS)))
        for batch in torch.from_numpy(frames).split(batches):
            state = reducer.update(state, batch, FrameMeta())
        found = reducer.read(state)
        assert float(found["Fe"].value) == pytest.approx(shares.sum(), rel=1e-12)
        assert float(found["Fe"].sigma) == pytest.approx(sigma, rel=1e-12)
        assert (found["Fe"].flags, found["Zn"].flags) == (Flags.MASKED, Flags.NONE)
        assert float(found["Zn"].value) == pytest.approx(frames[:, :, 36:46].sum() / 6, rel=1e-12)


def test_a_frame_without_a_valid_channel_changes_nothing_but_the_flag():
    frames = np.full((2, 1, 10), 100, np.int32)
    frames[0] = -1
    found = read(RegionSums((Region("Fe", 0, 10),)), frames)["Fe"]
    assert (float(found.value), float(found.sigma)) == (1000.0, pytest.approx(1000**0.5))
    assert (found.flags, found.n_frames) == (Flags.MASKED, 2)


def test_a_region_that_no_frame_saw_is_nan():
    frames = np.full((2, 4, CHANNELS), 3, np.int32)
    frames[..., 10:20] = -1
    found = read(RegionSums((Region("Fe", 10, 20), Region("both", 5, 20), Region("Zn", 36, 46))), frames)
    assert np.isnan([found["Fe"].value, found["Fe"].sigma]).all()
    assert [float(found[name].value) for name in ("both", "Zn")] == [60.0, 120.0]
    assert [each.flags for each in found.values()] == [Flags.MASKED, Flags.MASKED, Flags.NONE]


@pytest.mark.parametrize("shape", [(1, CHANNELS), (4, CHANNELS - 1), (4, CHANNELS + 1)])
def test_regions_of_other_elements_or_channels_are_refused(shape):
    reducer = RegionSums((Region("Fe", 10, 20),))
    state, frames = reducer.init(FrameSpec((4, CHANNELS))), torch.ones((2, *shape), dtype=torch.int32)
    for each in (frames, Frames(frames.double())):
        with pytest.raises(
            ReductionError, match=rf"frames must be \(4, 64\) as the state is, got \({shape[0]}, {shape[1]}"
        ):
            reducer.update(state, each, FrameMeta())


def test_many_bright_elements_add_up_without_overflow():
    frames = np.full((1, 600, CHANNELS), 30000, np.uint16)
    assert float(read(RegionSums((Region("all", 0, CHANNELS),)), frames)["all"].value) == 600 * CHANNELS * 30000


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), k=st.integers(1, 12), n=st.integers(1, 8))
def test_nonnegative_solution_is_that_of_scipy(seed, k, n):
    rng = np.random.default_rng(seed)
    model = rng.random((40, k)) + 0.05 * rng.normal(size=(40, k))
    data = rng.normal(size=(n, 40)) + model.sum(1)
    a, y = torch.from_numpy(model), torch.from_numpy(data)
    found = nonnegative_least_squares(a.T @ a, y @ a)
    expected = np.array([nnls(model, each)[0] for each in data])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_fit_is_that_of_scipy():
    rng = np.random.default_rng(1)
    frame = rng.poisson(lines() @ [500, 3, 0, 200] + 0.2, (1, 1, CHANNELS))
    found = read(SpectrumFit(torch.from_numpy(lines()), NAMES), frame)
    expected = nnls(lines(), frame[0, 0].astype(float))[0]
    np.testing.assert_allclose([float(found[name].value) for name in NAMES], expected, rtol=1e-4, atol=1e-6)


def test_sigma_is_the_scatter_of_repeated_spectra():
    rng = np.random.default_rng(2)
    truth = np.array([5000.0, 2000.0, 1500.0, 900.0])
    spectra = torch.from_numpy(rng.poisson(lines() @ truth, (800, CHANNELS)).astype(float))
    amounts, sigmas = SpectrumFit(torch.from_numpy(lines()), NAMES).fit(spectra, spectra)
    np.testing.assert_allclose(amounts.mean(0), truth, rtol=0.01)
    np.testing.assert_allclose(amounts.std(0) / sigmas.mean(0), 1.0, atol=0.1)


def test_a_missing_element_is_zero_with_a_sigma():
    spectrum = np.rint(lines() @ [500, 0, 400, 0])[None, None]
    found = read(SpectrumFit(torch.from_numpy(lines()), NAMES), spectrum)
    assert 0 <= float(found["Zn"].value) < 2
    assert float(found["Zn"].sigma) > 0


def snip_by_definition(spectrum, window):
    level = np.log(np.log(np.sqrt(spectrum + 1) + 1) + 1)
    for distance in range(window, 0, -1):
        before = level.copy()
        for i in range(distance, len(level) - distance):
            level[i] = min(before[i], (before[i - distance] + before[i + distance]) / 2)
    return (np.exp(np.exp(level) - 1) - 1) ** 2 - 1


def test_snip_is_its_definition():
    spectra = np.random.default_rng(3).poisson(50 + lines() @ [3000, 0, 800, 10], (3, CHANNELS)).astype(float)
    found = snip(torch.from_numpy(spectra), 9)
    np.testing.assert_allclose(found, [snip_by_definition(each, 9) for each in spectra], rtol=1e-10)


def test_snip_leaves_a_smooth_spectrum_and_removes_its_lines():
    slope = np.linspace(400, 360, CHANNELS)
    found = snip(torch.from_numpy(slope + lines(1.5) @ [900, 0, 800, 0]), 10).numpy()
    assert np.max(np.abs(found / slope - 1)) < 0.02


def test_background_is_subtracted():
    truth = [900, 0, 800, 0]
    spectrum = (np.linspace(400, 360, CHANNELS) + lines(1.5) @ truth)[None, None]
    found = read(SpectrumFit(torch.from_numpy(lines(1.5)), NAMES, background=10), spectrum)
    assert float(found["Fe"].value) == pytest.approx(900, rel=0.02)


@pytest.mark.parametrize("dead", [[0], [10], [21], [45, 46], [63]])
def test_dead_channels_leave_the_background_as_it_is(dead):
    truth, reducer = [9000, 0, 8000, 0], SpectrumFit(torch.from_numpy(lines(1.5)), NAMES, background=10)
    spectrum = np.rint(np.linspace(4000, 3600, CHANNELS) + lines(1.5) @ truth)[None, None]
    whole = read(reducer, spectrum)
    spectrum[..., dead] = -1
    found = read(reducer, spectrum)
    for name in ("Fe", "Cu"):
        assert found[name].flags == Flags.MASKED
        assert float(found[name].value) == pytest.approx(float(whole[name].value), abs=float(whole[name].sigma))


def test_a_background_is_found_without_what_stands_in_dead_channels():
    spectra = torch.from_numpy(400.0 + lines(1.5) @ [900, 0, 800, 0])[None]
    valid = torch.ones(CHANNELS, dtype=torch.bool)
    valid[[0, 10, 11, 63]] = False
    reducer = SpectrumFit(torch.from_numpy(lines(1.5)), NAMES, background=10)
    first, second = (reducer.fit(torch.where(valid, spectra, filling), spectra, valid)[0] for filling in (0.0, 1e6))
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("background", [None, 10])
@pytest.mark.parametrize("dead", [range(CHANNELS), range(2, CHANNELS)])
def test_amounts_that_the_channels_left_cannot_tell_apart_are_unresolved(dead, background):
    spectrum = np.ones((3, 2, CHANNELS), dtype=np.int32)
    spectrum[:, :, dead] = -1
    found = read(SpectrumFit(torch.from_numpy(lines()), NAMES, background=background), spectrum)
    for each in found.values():
        assert np.isnan(each.value)
        assert np.isnan(each.sigma)
        assert (each.flags, each.n_frames) == (Flags.MASKED | Flags.UNRESOLVED, 3)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="low must be below high, got low=5, high=5 for 'Fe'"):
        Region("Fe", 5, 5)
    with pytest.raises(ReductionError, match="a name of its own"):
        RegionSums((Region("Fe", 1, 2), Region("Fe", 3, 4)))
    with pytest.raises(ReductionError, match=r"components must be \(channels, 2\)"):
        SpectrumFit(torch.ones(5, 3), ("a", "b"))
    with pytest.raises(ReductionError, match="linearly independent"):
        SpectrumFit(torch.ones(5, 2), ("a", "b"))
    with pytest.raises(ReductionError, match="spectra must have 64 channels, got 9"):
        read(SpectrumFit(torch.from_numpy(lines()), NAMES), np.ones((1, 1, 9)))
