"""The window around a beam, found on blocks: near that of the beam's moments, and nothing where blocks say nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from autoexp.reduction.background import Blocks
from autoexp.reduction.coarse import coarse_window
from autoexp.reduction.images import MeanImage
from autoexp.reduction.moments import Moments, window_around
from autoexp.reduction.records import FrameSpec
from autoexp.reduction.sums import FrameSum

SHAPE = (400, 480)


def blocks_of(sigma, level=4.0, shape=SHAPE):
    y, x = np.mgrid[: shape[0], : shape[1]]
    mean = 900 * np.exp(-((x - 230.0) ** 2) / (2 * sigma**2) - (y - 190.0) ** 2 / (2 * (0.7 * sigma) ** 2)) + level
    frame = np.random.default_rng(0).poisson(mean).astype(np.uint16)
    return Blocks.of(MeanImage.of(FrameSum.empty(FrameSpec(shape)).add(torch.from_numpy(frame)[None])))


def window_of(blocks, *, level=4.0, given=False, shape=SHAPE):
    return coarse_window(blocks, (180, 204, 220, 244), shape, factor=3.0, level=level, given=given)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("sigma", [18.0, 25.0, 33.0])
def test_it_is_that_of_the_beam_within_a_block(sigma, given):
    found = window_of(blocks_of(sigma), given=given)
    beam = Moments(1.0, 230.0, 190.0, sigma**2, (0.7 * sigma) ** 2, 0.0)
    np.testing.assert_allclose(found, window_around(beam, SHAPE), atol=8)


def test_it_is_the_same_where_each_block_counts_its_pixels():
    blocks = blocks_of(25.0)
    assert window_of(replace(blocks, ratio=None)) == window_of(blocks)


@pytest.mark.parametrize("sigma", [2.0, 5.0])
def test_a_small_beam_is_left_to_pixels(sigma):
    assert window_of(blocks_of(sigma)) == (180, 204, 220, 244)


def test_without_a_beam_the_window_stays():
    assert window_of(blocks_of(25.0), level=1e4, given=True) == (180, 204, 220, 244)


@pytest.mark.parametrize("shape", [SHAPE, (395, 477)])
def test_the_block_that_stands_out_most_is_found_either_way(shape):
    blocks = blocks_of(20.0, shape=shape)
    assert (blocks.ratio is None) == (shape != SHAPE)
    significance = blocks.significance(blocks.corners())
    row, column, most = blocks.brightest(blocks.corners())
    assert significance[row, column] == most == significance.max()
