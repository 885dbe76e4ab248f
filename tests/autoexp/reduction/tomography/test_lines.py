"""Line integrals of attenuation."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction import Frames
from autoexp.reduction.tomography.lines import line_integrals


def frames(values, valid=None):
    return Frames(torch.tensor([[values]]), None, None if valid is None else torch.tensor([[valid]]))


@given(st.floats(0.1, 1e5), st.floats(0.1, 1e5))
def test_attenuation_is_what_light_lacks(counts, white):
    found = line_integrals(frames([counts]), white)
    torch.testing.assert_close(white * torch.exp(-found.values), torch.full((1, 1, 1), counts), rtol=1e-4, atol=0.0)
    assert float(found.variance) == pytest.approx(1.0 / counts, rel=1e-5)


def test_what_is_not_valid_lies_between_its_neighbours():
    e = torch.tensor([1.0, 2.0, 5.0]).mul(-1).exp().tolist()
    found = line_integrals(
        frames([7.0, e[0], 0.0, 7.0, e[1], e[2], -1.0], [False, True, True, False, True, True, True])
    )
    expected = torch.tensor([[[1.0, 1.0, 4 / 3, 5 / 3, 2.0, 5.0, 5.0]]])
    torch.testing.assert_close(found.values, expected)
    assert found.valid.flatten().tolist() == [False, True, False, False, True, True, False]


def test_a_row_without_light_is_zero_and_invalid():
    found = line_integrals(frames([0.0, 0.0]))
    assert not found.values.any()
    assert not found.valid.any()


def test_air_is_white_frame_by_frame():
    scaled = torch.tensor([[[4.0, 1.0, 4.0]], [[8.0, 2.0, 8.0]]])
    found = line_integrals(Frames(scaled), white=99.0, air=1).values
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[0], torch.tensor([[0.0, 4.0, 0.0]]).sign() * torch.log(torch.tensor(4.0)))
