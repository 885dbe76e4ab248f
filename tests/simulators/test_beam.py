import numpy as np
import pytest

from autoexp_simulators.beam import Spot

SPOT = Spot(x=30.3, y=40.7, sigma_x=4.0, sigma_y=2.5, photons=1e6)


def test_moments_of_the_image():
    image = SPOT.image((96, 80))
    y, x = np.mgrid[:96, :80]
    total = image.sum()
    center_x, center_y = (image * x).sum() / total, (image * y).sum() / total
    assert total == pytest.approx(1e6)
    assert (center_x, center_y) == (pytest.approx(30.3), pytest.approx(40.7))
    assert (image * (x - center_x) ** 2).sum() / total == pytest.approx(4.0**2 + 1 / 12, rel=1e-6)
    assert (image * (y - center_y) ** 2).sum() / total == pytest.approx(2.5**2 + 1 / 12, rel=1e-6)


def test_a_spot_beside_the_camera_leaves_nothing():
    assert Spot(-500.0, 40.0, 4.0, 2.5, 1e6).image((96, 80)).sum() == pytest.approx(0.0, abs=1e-9)
