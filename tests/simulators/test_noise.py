import numpy as np
import pytest

from autoexp_simulators.noise import Sensor


def test_counts_are_poisson():
    sensor = Sensor(gain=1.0, dark=0.0, read_noise=0.0, offset=0.0)
    frame = sensor.frame(np.full((500, 500), 40.0), 2.0, np.random.default_rng(0)).astype(float)
    assert frame.mean() == pytest.approx(80.0, abs=5 * np.sqrt(80 / 250_000))
    assert frame.var() == pytest.approx(80.0, rel=0.02)


def test_dark_offset_gain_and_read_noise():
    sensor = Sensor(gain=3.0, dark=4.0, read_noise=2.0, offset=100.0)
    frame = sensor.frame(np.zeros((500, 500)), 1.0, np.random.default_rng(0)).astype(float)
    assert frame.mean() == pytest.approx(100 + 3 * 4, abs=0.1)
    assert frame.var() == pytest.approx(9 * 4 + 4 + 1 / 12, rel=0.02)


def test_saturates():
    frame = Sensor(saturation=1000).frame(np.full((4, 4), 1e6), 1.0, np.random.default_rng(0))
    assert frame.dtype == np.uint16
    assert (frame == 1000).all()


def test_same_seed_same_frame():
    first, second = (Sensor().frame(np.full((8, 8), 50.0), 1.0, np.random.default_rng(7)) for _ in range(2))
    assert (first == second).all()
