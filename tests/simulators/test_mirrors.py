import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_simulators.mirrors import Mirror

MIRROR = Mirror(source_size=12e-6, divergence=9e-6, source_distance=30.0, image_distance=3.0)
PERFECT = Mirror(
    source_size=12e-6, divergence=9e-6, source_distance=30.0, image_distance=3.0, slope_error=0.0, wavelength=0.0
)


def test_a_perfect_mirror_images_the_source():
    assert PERFECT.spot_size(np.zeros(1), np.zeros(1))[0] == pytest.approx(12e-6 * 3 / 30)


def test_slope_errors_blur_by_twice_their_angle():
    rough = Mirror(12e-6, 9e-6, 30.0, 3.0, slope_error=1e-6, wavelength=0.0)
    assert rough.spot_size(np.zeros(1), np.zeros(1))[0] == pytest.approx(math.hypot(1.2e-6, 6e-6))


def test_defocus_against_rays():
    """A fan of rays through a thin lens of the bent mirror's focal length spreads as the formula says."""
    bend = 0.05
    focal_length = 1 / ((1 / 30 + 1 / 3) * (1 + bend))
    generator = np.random.default_rng(0)
    source = generator.normal(0, 12e-6, 200_000)
    angle = generator.normal(0, 9e-6, 200_000)
    height = source + 30 * angle
    keep = generator.random(height.size) < np.exp(-0.5 * (height / (0.4 * math.sin(3e-3) / math.sqrt(12))) ** 2)
    arrived = height + 3 * (angle - height / focal_length)
    assert PERFECT.spot_size(np.zeros(1), np.array([bend]))[0] == pytest.approx(arrived[keep].std(), rel=0.02)


def test_steering_is_twice_the_angle_over_the_distance():
    assert MIRROR.steering(np.array([10e-6]))[0] == pytest.approx(2 * 10e-6 * 3.0)


def test_pitch_changes_the_focus_as_coddington_says():
    pitch = 50e-6
    angle = 3e-3 + pitch
    radius = 2 / ((1 / 30 + 1 / 3) * math.sin(3e-3))
    focal_length = radius * math.sin(angle) / 2
    assert MIRROR._power(np.array([angle]), np.zeros(1))[0] == pytest.approx(1 / focal_length)


def test_a_short_mirror_accepts_less():
    long, short = (Mirror(12e-6, 9e-6, 30.0, 3.0, length=length).accepted(np.zeros(1))[0] for length in (2.0, 0.1))
    assert long > 0.999
    assert short == pytest.approx(math.erf(0.1 * math.sin(3e-3) / 2 / math.sqrt(2) / math.hypot(12e-6, 270e-6)))


@given(st.floats(-20e-6, 20e-6), st.floats(-0.06, 0.06))
def test_the_best_setting_undoes_the_mounting_errors(pitch_offset, bend_offset):
    mirror = Mirror(12e-6, 9e-6, 30.0, 3.0, pitch_offset=pitch_offset, bend_offset=bend_offset)
    pitch, bend = mirror.best_setting((-45e-6, 45e-6), (-0.1, 0.1))
    best = mirror.spot_size(np.array([pitch]), np.array([bend]))[0]
    generator = np.random.default_rng(0)
    around = mirror.spot_size(generator.uniform(-45e-6, 45e-6, 500), generator.uniform(-0.1, 0.1, 500))
    assert best <= around.min()
    assert pitch == pytest.approx(-pitch_offset, abs=2e-6)
