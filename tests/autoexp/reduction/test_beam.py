"""Beam statistics: right on known beams, honest about noise, silent without a beam."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction import BeamStatistics, Flags, FrameMeta, FrameSpec, Mask, chain
from autoexp.testing.reducers import ReducerContract

SHAPE = (120, 160)


def expected(counts, x, y, sx, sy, background, *, rho=0.0, shape=SHAPE):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    dx, dy = (columns - x) / sx, (rows - y) / sy
    spot = np.exp(-(dx**2 - 2 * rho * dx * dy + dy**2) / (2 * (1 - rho**2)))
    return counts * spot / spot.sum() + background


def read(frame, reducer=None):
    reducer = reducer or BeamStatistics()
    frames = torch.from_numpy(np.atleast_3d(frame).reshape(-1, *np.shape(frame)[-2:]))
    state = reducer.update(reducer.init(FrameSpec(tuple(frames.shape[1:]))), frames, FrameMeta())
    return reducer.read(state)


def number(reading, name):
    return float(reading[name].value)


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return BeamStatistics(pixel_size=2.5, unit="um")


@settings(max_examples=30, deadline=None)
@given(
    x=st.floats(50, 110), y=st.floats(45, 75), sx=st.floats(1.5, 6), sy=st.floats(1.5, 6), background=st.floats(0, 100)
)
def test_recovers_a_beam_without_noise(x, y, sx, sy, background):
    found = read(expected(1e6, x, y, sx, sy, background))
    assert number(found, "sum") == pytest.approx(1e6, rel=1e-4)
    assert number(found, "centroid_x") == pytest.approx(x, abs=1e-3)
    assert number(found, "centroid_y") == pytest.approx(y, abs=1e-3)
    assert number(found, "width_x") == pytest.approx(4 * sx, rel=1e-3)
    assert number(found, "width_y") == pytest.approx(4 * sy, rel=1e-3)
    assert number(found, "size") == pytest.approx(4 * math.sqrt(sx * sy), rel=1e-3)
    assert {value.flags for value in found.values()} == {Flags.NONE}


def test_tilt_is_the_angle_of_the_longer_axis():
    frame = expected(1e6, 80, 60, 5, 5, 1.0, rho=0.6)
    assert number(read(frame), "tilt") == pytest.approx(45.0, abs=0.1)


def scatter_of(frames, reducer=None):
    readings = [read(frame, reducer) for frame in frames]
    return {
        name: (
            np.array([number(each, name) for each in readings]),
            np.array([float(each[name].sigma) for each in readings]),
        )
        for name in readings[0]
    }


CASES = {
    "counts": {"counts": 20000, "background": 0.5, "read_noise": 0.0},
    "few counts, hardly any background": {"counts": 600, "background": 0.01, "read_noise": 0.0},
    "read noise on a pedestal": {"counts": 60000, "background": 1.0, "read_noise": 3.0},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_sigma_is_the_scatter_of_repeated_frames(case):
    rng = np.random.default_rng(3)
    mean = expected(case["counts"], 64, 66, 5, 4, case["background"])
    noise = case["read_noise"]
    frames = [
        rng.poisson(mean) + (np.rint(rng.normal(100, noise, SHAPE)).astype(int) if noise else 0) for _ in range(200)
    ]
    found = scatter_of(frames)
    for name in ("sum", "centroid_x", "centroid_y", "width_x", "width_y", "size"):
        values, sigmas = found[name]
        assert np.isfinite(values).all(), name
        # the scatter of 200 draws is itself known to 5 %
        assert np.std(values) / np.mean(sigmas) == pytest.approx(1.0, abs=0.2), name


def test_far_background_does_not_widen_the_beam():
    rng = np.random.default_rng(4)
    shape = (400, 500)
    frame = rng.poisson(expected(3e5, 100, 120, 5, 5, 4.0, shape=shape))
    found = read(frame)
    assert number(found, "width_x") == pytest.approx(20, abs=4 * float(found["width_x"].sigma))
    assert float(found["width_x"].sigma) < 0.5


def test_a_given_background_is_used():
    frame = expected(1e5, 80, 60, 4, 4, 7.0)
    assert number(read(frame, BeamStatistics(background=7.0)), "sum") == pytest.approx(1e5, rel=1e-7)


@pytest.mark.parametrize("level", [0.0, 0.001, 0.1, 1.0, 30.0, 5000.0])
def test_no_beam_gives_no_width(level):
    rng = np.random.default_rng(5)
    for _ in range(25):
        found = read(rng.poisson(level, (240, 320)))
        for name in ("centroid_x", "centroid_y", "width_x", "width_y", "size", "peak"):
            assert math.isnan(number(found, name)), name
            assert found[name].flags & Flags.NO_SIGNAL
        assert abs(number(found, "sum")) <= 5 * float(found["sum"].sigma)


def test_electronic_noise_is_no_beam():
    rng = np.random.default_rng(6)
    for _ in range(25):
        assert math.isnan(number(read(rng.normal(0.0, 4.0, (240, 320))), "size"))


def test_a_sloping_background_is_no_beam():
    slope = np.random.default_rng(7).poisson(np.linspace(50, 150, 320) * np.ones((240, 1)))
    assert math.isnan(number(read(slope), "size"))


def test_a_hot_pixel_is_no_focus():
    frame = np.random.default_rng(8).poisson(0.2, SHAPE)
    frame[30, 40] = 9000
    found = read(frame)
    assert math.isnan(number(found, "size"))
    assert found["size"].flags & Flags.UNRESOLVED


def test_a_beam_over_the_edge_is_flagged():
    found = read(np.random.default_rng(9).poisson(expected(1e6, 156, 60, 5, 5, 1.0)))
    assert found["size"].flags & Flags.CLIPPED


def test_masked_pixels_in_the_beam_are_flagged():
    frame = np.random.default_rng(10).poisson(expected(1e6, 80, 60, 5, 5, 1.0))
    bad = torch.zeros(SHAPE, dtype=torch.bool)
    bad[60, 78] = True
    assert read(frame, chain(Mask(bad), BeamStatistics()))["size"].flags & Flags.MASKED
    bad[:] = False
    bad[2, 2] = True
    assert not read(frame, chain(Mask(bad), BeamStatistics()))["size"].flags & Flags.MASKED


@pytest.mark.parametrize("value", [-1, 2**16 - 1, 2**32 - 1, np.nan])
@pytest.mark.parametrize("background", [None, 3.0])
def test_without_a_valid_pixel_nothing_is_known(value, background):
    found = read(np.full(SHAPE, value), BeamStatistics(background=background))
    for name, each in found.items():
        assert np.isnan([each.value, each.sigma]).all(), name
        assert each.flags == Flags.MASKED | Flags.NO_SIGNAL


def test_counts_above_float32_keep_their_precision():
    frame = np.zeros(SHAPE, dtype=np.uint32)
    frame[50:60, 70:80] = 2**28 + 1
    found = read(frame, BeamStatistics(background=0.0))
    assert number(found, "sum") == 100 * (2**28 + 1)


def test_units_follow_the_pixel():
    frame = expected(1e5, 80, 60, 4, 4, 1.0)
    pixels, microns = read(frame), read(frame, BeamStatistics(pixel_size=6.5, unit="um"))
    for name in ("centroid_x", "width_y", "size"):
        assert number(microns, name) == pytest.approx(6.5 * number(pixels, name))
        assert microns[name].unit == "um"
    assert number(microns, "sum") == number(pixels, "sum")
    assert (microns["sum"].unit, microns["tilt"].unit) == ("count", "deg")


@pytest.mark.parametrize("setting", ["pixel_size", "threshold", "window"])
def test_settings_must_be_positive(setting):
    with pytest.raises(ReductionError, match=f"{setting} must be positive, got 0"):
        BeamStatistics(**{setting: 0})


def test_frames_of_another_shape_are_refused():
    reducer = BeamStatistics()
    with pytest.raises(ReductionError, match=r"frames must be \(4, 5\) as the state is, got \(5, 4\)"):
        reducer.update(reducer.init(FrameSpec((4, 5))), torch.zeros(1, 5, 4), FrameMeta())


def turned(counts, major, minor, angle, background):
    """Expected counts of a beam whose longer axis lies at an angle in radians."""
    c, s = math.cos(angle), math.sin(angle)
    sx, sy = math.hypot(major * c, minor * s), math.hypot(major * s, minor * c)
    return expected(counts, 82.3, 57.8, sx, sy, background, rho=(major**2 - minor**2) * c * s / (sx * sy))


def principal(found):
    """Widths along the principal axes, the longer one first, of a beam that does not lie at 45 degrees."""
    xx, yy = (number(found, name) ** 2 for name in ("width_x", "width_y"))
    spread = abs((xx - yy) / math.cos(2 * math.radians(number(found, "tilt"))))
    return [math.sqrt(0.5 * (xx + yy + side * spread)) for side in (1, -1)]


@pytest.mark.parametrize("background", [0.0, 10.0])
@pytest.mark.parametrize(("major", "minor", "angle"), [(6.0, 4.0, 0.0), (6.0, 4.0, 0.3), (8.0, 3.0, -0.6)])
def test_agrees_with_laserbeamsize(major, minor, angle, background):
    laserbeamsize = pytest.importorskip("laserbeamsize")
    frame = np.random.default_rng(11).poisson(turned(5e6, major, minor, angle, background))
    x, y, *axes, _ = laserbeamsize.beam_size(frame)
    found = read(frame)
    assert number(found, "centroid_x") == pytest.approx(x, abs=0.05)
    assert number(found, "centroid_y") == pytest.approx(y, abs=0.05)
    assert principal(found) == pytest.approx(axes, abs=0.05)


def test_a_beam_is_known_as_well_when_it_is_turned():
    """The corners of a box around it would hold noise far from its long axis."""

    def error(angle):
        generator, mean = np.random.default_rng(3), turned(1e6, 10.0, 3.0, angle, 20.0)
        found = [principal(read(generator.poisson(mean))) for _ in range(100)]
        return np.sqrt(np.mean((np.array(found) - [40.0, 12.0]) ** 2, axis=0))

    assert (error(0.5) < 1.35 * error(0.0)).all()
