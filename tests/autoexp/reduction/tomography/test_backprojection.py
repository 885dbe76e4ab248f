"""Filtered back-projection."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction.tomography.backprojection import back_projection
from autoexp.reduction.tomography.weights import angle_weights


def even(number):
    return torch.arange(number, dtype=torch.float64) * (180.0 / number)


def reconstructed(lines, degrees, **options):
    return back_projection(torch.deg2rad(degrees), lines.shape[1], **options).slice(lines)


@pytest.mark.parametrize("columns", [128, 512])
@pytest.mark.parametrize(
    ("views", "theirs", "window"),
    [(180, "ramp", "linear"), (180, "hann", "hann"), (60, "ramp", "linear"), (60, "hann", "hann")],
)
def test_slices_are_as_good_as_those_of_scikit_image(phantom, columns, views, theirs, window):
    """Its ramp is damped by linear interpolation; its axis is column n // 2, its rows grow against the angle."""
    transform = pytest.importorskip("skimage.transform")
    degrees = even(views)
    lines = phantom.lines(degrees, columns, axis=columns // 2)
    image = transform.iradon(lines.numpy().T, theta=-degrees.numpy(), filter_name=theirs, circle=True)
    their_psnr = phantom.psnr(image, phantom.slice_of(columns, middle=columns // 2))
    found = reconstructed(lines, degrees, axis=columns // 2, window=window)
    assert phantom.psnr(found, phantom.slice_of(columns)) > their_psnr - 1.0


def test_a_slice_has_the_samples_mass(phantom):
    truth = phantom.slice_of(128)
    found = reconstructed(phantom.lines(even(120)), even(120))
    assert float(found.sum()) == pytest.approx(truth.sum(), rel=5e-3)


def test_an_axis_beside_the_middle_changes_nothing_that_is_seen(phantom):
    truth = phantom.slice_of(128)
    good = phantom.psnr(reconstructed(phantom.lines(even(180)), even(180)), truth)
    lines = phantom.lines(even(180), axis=70.3)
    assert phantom.psnr(reconstructed(lines, even(180), axis=70.3), truth) > good - 1.0
    assert phantom.psnr(reconstructed(lines, even(180)), truth) < good - 6.0


def test_weights_mend_uneven_angles(phantom):
    """Golden-angle steps of which every third of one side is left out."""
    degrees = torch.arange(200, dtype=torch.float64) * 111.246 % 180
    uneven = degrees[(degrees > 90) | (torch.arange(200) % 3 > 0)]
    found = phantom.psnr(reconstructed(phantom.lines(uneven), uneven), phantom.slice_of(128))
    evenly = phantom.psnr(reconstructed(phantom.lines(even(len(uneven))), even(len(uneven))), phantom.slice_of(128))
    assert found > evenly - 3.0


def test_larger_pixels_show_the_same(phantom):
    """Half as many pixels of twice the side: the mean of four."""
    truth = phantom.slice_of(128).reshape(64, 2, 64, 2).mean(axis=(1, 3))
    found = reconstructed(phantom.lines(even(180)), even(180), size=64, pixel=2.0)
    assert phantom.psnr(found, truth) > 22.0


def test_it_is_linear(phantom):
    over = back_projection(torch.deg2rad(even(20)), 64)
    a, b = torch.rand((2, 20, 64), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(over.slice(3.0 * a - b), 3.0 * over.slice(a) - over.slice(b), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"pixel": 2.0, "size": 32, "window": "hann"}, {"smoothness": 5.0}])
def test_the_variance_is_the_spread_of_slices(options):
    """Of slices of noise whose variance is not the same everywhere."""
    degrees = even(48)
    over = back_projection(torch.deg2rad(degrees), 64, **options)
    sigma = 0.5 + torch.rand((48, 64), generator=torch.Generator().manual_seed(0))
    noise = torch.randn((400, 48, 64), generator=torch.Generator().manual_seed(1)) * sigma
    spread = torch.stack([over.slice(each) for each in noise]).var(0)
    told = over.variance(sigma**2)
    ratio = (spread / told)[over.inside]
    assert float(ratio.mean()) == pytest.approx(1.0, abs=0.03)
    # a variance from 400 is known to 7 percent
    assert float(ratio.std()) < 0.1


@given(st.lists(st.floats(-400.0, 400.0), min_size=1, max_size=30))
def test_weights_share_out_the_half_circle(degrees):
    weights = angle_weights(torch.deg2rad(torch.tensor(degrees, dtype=torch.float64)))
    assert float(weights.sum()) == pytest.approx(math.pi)
    assert (weights >= 0).all()


def test_angles_that_lie_evenly_count_alike_and_a_repeated_one_shares():
    torch.testing.assert_close(angle_weights(torch.deg2rad(even(9))), torch.full((9,), math.pi / 9).double())
    weights = angle_weights(torch.deg2rad(torch.tensor([0.0, 60.0, 120.0, 60.0, 180.0], dtype=torch.float64)))
    assert float(weights[1] + weights[3]) == pytest.approx(math.pi / 3)
    assert float(weights[0] + weights[4]) == pytest.approx(math.pi / 3)
    assert np.isclose(float(weights[2]), math.pi / 3)
