"""Places for the pixels of bins."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction.xpcs.layout import Layout


@settings(max_examples=30)
@given(st.lists(st.integers(4, 3000), min_size=1, max_size=4), st.integers(1, 4))
def test_each_pixel_of_each_bin_stands_in_one_group_of_it(sizes, groups):
    pixels = [torch.arange(size) * 2 + place for place, size in enumerate(sizes)]
    layout = Layout.of(pixels, groups, "cpu")
    assert layout.places == layout.members.shape[1] * layout.block
    assert layout.used.sum() == sum(sizes) == layout.places - len(layout.left_over)
    counts = layout.sums(layout.used[None])[0].reshape(len(sizes), groups)
    assert counts.sum(1).tolist() == sizes
    assert (counts > 0).all()
    kept = layout.index[layout.used.bool()]
    assert kept.tolist() == torch.cat(pixels).tolist()


def test_groups_are_stretches_of_about_one_size():
    layout = Layout.of([torch.arange(100_000)], 10, "cpu")
    counts = layout.sums(layout.used[None])[0]
    assert counts.min() > 0.85 * counts.max()


def test_blocks_are_views():
    layout = Layout.of([torch.arange(64)], 2, "cpu")
    rows = torch.arange(3.0 * layout.places).reshape(3, -1)
    blocks = layout.blocked(rows)
    assert blocks.shape == (layout.places // layout.block, 3, layout.block)
    assert blocks.data_ptr() == rows.data_ptr()
    assert torch.equal(layout.sums(rows).sum(1), rows.double().sum(1))


def test_a_bin_smaller_than_its_groups_is_refused():
    with pytest.raises(ReductionError, match="8 groups, got one of 5 pixels"):
        Layout.of([torch.arange(20), torch.arange(5)], 8, "cpu")
