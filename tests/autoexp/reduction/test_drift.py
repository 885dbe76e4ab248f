"""Drift: known shifts far below a pixel, with the sigma of the counts."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Drift, FrameMeta, FrameSpec
from autoexp.testing.reducers import ReducerContract

SHAPE = (64, 81)


def structure(kind, shape=SHAPE):
    """Return a positive, periodic image: clouds, or blocks with sharp edges smoothed to what pixels resolve."""
    rng = np.random.default_rng(0)
    clouds = rng.normal(size=shape) if kind == "clouds" else rng.normal(size=(16, 27)).repeat(4, 0).repeat(3, 1)
    ky, kx = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])
    kept = np.exp(-(ky**2 + kx**2) / (2 * (0.06 if kind == "clouds" else 0.2) ** 2))
    image = np.fft.irfft2(np.fft.rfft2(clouds) * kept, s=shape)
    return 100 * (1 + 0.25 * np.clip(image / image.std(), -3, 3))


def shifted(image, y, x):
    ky, kx = np.fft.fftfreq(image.shape[0])[:, None], np.fft.rfftfreq(image.shape[1])
    return np.fft.irfft2(np.fft.rfft2(image) * np.exp(-2j * np.pi * (ky * y + kx * x)), s=image.shape)


def read(frames, reference=None, **settings):
    frames = torch.from_numpy(np.asarray(frames).reshape(-1, *np.shape(frames)[-2:]))
    reducer = Drift(None if reference is None else torch.from_numpy(reference), **settings)
    state = reducer.update(reducer.init(FrameSpec(tuple(frames.shape[1:]))), frames, FrameMeta())
    return reducer.read(state)


def shift(found):
    return float(found["shift_y"].value), float(found["shift_x"].value)


class TestContract(ReducerContract):
    rtol = 1e-6

    @pytest.fixture
    def reducer(self):
        return Drift(pixel_size=0.5, unit="um")


class TestContractWithReference(ReducerContract):
    rtol = 1e-6

    @pytest.fixture
    def reducer(self):
        y, x = np.mgrid[:48, :64]
        spot = 200 * np.exp(-(((x - 30) / 4) ** 2) / 2 - ((y - 25) / 3) ** 2 / 2) + 2
        return Drift(torch.from_numpy(spot))


@settings(max_examples=40, deadline=None)
@given(y=st.floats(-25, 25), x=st.floats(-30, 30), normalise=st.booleans())
def test_finds_known_shifts_to_a_fiftieth_of_a_pixel(y, x, normalise):
    image = structure("blocks")
    assert shift(read(shifted(image, y, x), image, normalise=normalise)) == pytest.approx((y, x), abs=0.02)


@pytest.mark.parametrize("normalise", [False, True])
def test_agrees_with_scikit_image(normalise):
    registration = pytest.importorskip("skimage.registration")
    rng = np.random.default_rng(1)
    image = structure("blocks")
    reference, moved = rng.poisson(image), rng.poisson(shifted(image, 3.4, -7.77))
    how = {"upsample_factor": 100, "normalization": "phase" if normalise else None}
    # it tells what would bring the image back
    theirs = -registration.phase_cross_correlation(reference - reference.mean(), moved - moved.mean(), **how)[0]
    assert shift(read(moved, reference, normalise=normalise)) == pytest.approx(theirs, abs=0.01)


CASES = {
    "many counts": ("clouds", 10.0, 1.0, False),
    "few counts, and a darker image": ("clouds", 0.3, 0.5, False),
    "sharp edges": ("blocks", 1.0, 2.0, False),
    "sharp edges, normalised": ("blocks", 1.0, 0.5, True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_sigma_is_the_scatter_of_repeated_frames(case):
    kind, level, brightness, normalise = case
    rng, truth = np.random.default_rng(2), (2.3, -1.6)
    image = level * structure(kind)
    moved = np.maximum(brightness * shifted(image, *truth), 0.0)
    found = [read(rng.poisson(moved), rng.poisson(image), normalise=normalise) for _ in range(120)]
    for name, expected in zip(("shift_y", "shift_x"), truth, strict=True):
        values = np.array([float(each[name].value) for each in found])
        sigma = np.mean([float(each[name].sigma) for each in found])
        # the scatter of 120 draws is itself known to 6.5 %
        assert np.std(values) / sigma == pytest.approx(1.0, abs=0.25), name
        assert abs(values.mean() - expected) < 5 * sigma / math.sqrt(len(values)) + 0.005


def test_the_first_frame_is_the_reference():
    image = structure("clouds")
    found = read(np.stack([image, shifted(image, 1.5, -0.5), shifted(image, 1.7, -0.3)]))
    assert shift(found) == pytest.approx((1.6, -0.4), abs=0.01)
    assert found["shift_y"].n_frames == 3


def test_a_reference_alone_says_nothing_yet():
    found = read(structure("clouds"))
    assert math.isnan(float(found["shift_y"].value))
    assert found["shift_y"].flags == Flags.INCOMPLETE


@pytest.mark.parametrize("normalise", [False, True])
def test_images_without_anything_in_common_have_no_shift(normalise):
    rng = np.random.default_rng(3)
    for _ in range(10):
        found = read(rng.poisson(5.0, SHAPE), rng.poisson(5.0, SHAPE), normalise=normalise)
        assert math.isnan(float(found["shift_x"].value))
        assert found["shift_x"].flags & Flags.NO_SIGNAL
    assert math.isnan(float(read(np.zeros(SHAPE), np.zeros(SHAPE), normalise=normalise)["shift_x"].value))


def test_units_follow_the_pixel():
    image = structure("clouds")
    found = read(shifted(image, 2.0, 3.0), image, pixel_size=0.65, unit="um")
    assert shift(found) == pytest.approx((1.3, 1.95), abs=1e-3)
    assert found["shift_x"].unit == "um"


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="pixel_size must be positive, got 0"):
        Drift(pixel_size=0)
    with pytest.raises(ReductionError, match=r"reference must be \(y, x\), got shape \(3,\)"):
        Drift(torch.zeros(3))
    with pytest.raises(ReductionError, match=r"frames must be \(5, 4\) as the reference is, got \(4, 5\)"):
        read(np.zeros((4, 5)), np.zeros((5, 4)))
