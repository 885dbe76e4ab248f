import numpy as np
import pytest
import torch

from autoexp.errors import AutoexpError
from autoexp_simulators import Sensor
from autoexp_simulators.dice import Dice


def frame(sensor, rate, exposure=1.0, shape=(500, 500), seed=0):
    return sensor.frames(torch.full((1, *shape), float(rate)), exposure, Dice(seed))[0].numpy()


def test_counts_are_poisson():
    counts = frame(Sensor(), 40.0, 2.0).astype(float)
    assert counts.mean() == pytest.approx(80.0, abs=5 * np.sqrt(80 / 250_000))
    assert counts.var() == pytest.approx(80.0, rel=0.02)


def test_dark_offset_gain_and_read_noise():
    counts = frame(Sensor(gain=3.0, dark=4.0, read_noise=2.0, offset=100.0), 0.0).astype(float)
    assert counts.mean() == pytest.approx(100 + 3 * 4, abs=0.1)
    assert counts.var() == pytest.approx(9 * 4 + 4 + 1 / 12, rel=0.02)


@pytest.mark.parametrize(("saturation", "dtype"), [(1000, np.uint16), (200_000, np.uint32)])
def test_saturates(saturation, dtype):
    counts = frame(Sensor(saturation=saturation), 1e6, shape=(4, 4))
    assert counts.dtype == dtype
    assert (counts == saturation).all()


@pytest.mark.parametrize("rate", [4.4e9, 1e12])
@pytest.mark.parametrize(
    ("saturation", "full"),
    [(2**32 - 2, 2**32 - 256), (2**32 - 1, 2**32 - 256), (2**24 + 3, 2**24 + 2), (2**24 + 4, 2**24 + 4)],
)
def test_full_pixels_hold_the_largest_float_within_their_saturation(saturation, full, rate):
    assert (frame(Sensor(saturation=saturation), rate, shape=(4, 4)) == full).all()


@pytest.mark.parametrize("saturation", [-1, 0, 2**32])
def test_a_saturation_that_32_bits_do_not_hold(saturation):
    with pytest.raises(AutoexpError, match=rf"saturation must be from 1 to 4294967295, got {saturation}$"):
        Sensor(saturation=saturation)


def test_same_seed_same_frame():
    first, second = (frame(Sensor(), 50.0, shape=(8, 8), seed=7) for _ in range(2))
    assert (first == second).all()


def test_a_frame_is_the_same_alone_and_among_others():
    rates = torch.linspace(0.0, 60.0, 3 * 40 * 30).reshape(3, 40, 30)
    sensor = Sensor(read_noise=1.0, offset=10.0)
    together, dice = sensor.frames(rates, 1.0, Dice(6)), Dice(6)
    alone = torch.cat([sensor.frames(rate[None], 1.0, dice) for rate in rates])
    assert torch.equal(together, alone)
