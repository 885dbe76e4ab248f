import numpy as np
import pytest

from autoexp_simulators.beam import spots


def image(x=30.3, y=40.7, sigma_x=4.0, sigma_y=2.5, photons=1e6):
    columns = (np.array([value]) for value in (x, y, sigma_x, sigma_y, photons))
    return spots(*columns, (96, 80))[0].numpy().astype(float)


def test_moments_of_the_image():
    seen = image()
    y, x = np.mgrid[:96, :80]
    total = seen.sum()
    center_x, center_y = (seen * x).sum() / total, (seen * y).sum() / total
    assert total == pytest.approx(1e6)
    assert (center_x, center_y) == (pytest.approx(30.3), pytest.approx(40.7))
    assert (seen * (x - center_x) ** 2).sum() / total == pytest.approx(4.0**2 + 1 / 12, rel=1e-5)
    assert (seen * (y - center_y) ** 2).sum() / total == pytest.approx(2.5**2 + 1 / 12, rel=1e-5)


def test_a_spot_beside_the_camera_leaves_nothing():
    assert image(x=-500.0).sum() == pytest.approx(0.0, abs=1e-9)


def test_a_batch_is_its_frames():
    x, y, widths, photons = np.array([10.0, 60.0]), np.array([20.0, 30.0]), np.array([3.0, 5.0]), np.array([10.0, 20.0])
    batch = spots(x, y, widths, widths, photons, (96, 80))
    for index in range(2):
        alone = spots(*(values[[index]] for values in (x, y, widths, widths, photons)), (96, 80))
        assert (batch[index] == alone[0]).all()
