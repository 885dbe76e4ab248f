"""Sums of frames: exact in whatever type holds them."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction.counts import add_counts, highest_count, sum_of_squares
from autoexp.reduction.records import SENTINELS, Frames, FrameSpec
from autoexp.reduction.sums import FrameSum

TYPES = (np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64)
CPU = torch.device("cpu")


@given(st.sampled_from(TYPES), st.integers(1, 40), st.integers(0, 2**63 - 1), st.integers(0, 2**32), st.booleans())
def test_counts_add_exactly(kind, n, highest, seed, rows):
    highest = min(highest, np.iinfo(kind).max)
    counts = np.random.default_rng(seed).integers(0, highest, (n, 2, 3), dtype=kind, endpoint=True)
    axis = int(rows)
    found = add_counts(counts, highest, axis)
    exact = counts.astype(object).sum(axis)
    if found.dtype.kind == "i":
        assert (found.astype(object) == exact).all()
    np.testing.assert_allclose(found.astype(float), exact.astype(float), rtol=1e-12)


@given(st.integers(0, 2**16 - 2), st.integers(1, 3), st.integers(1, 40_000), st.integers(0, 2**32))
def test_squares_add_exactly(highest, n, size, seed):
    counts = np.random.default_rng(seed).integers(0, highest, (n, size), dtype=np.uint16, endpoint=True)
    assert sum_of_squares(counts, highest) == int((counts.astype(np.int64) ** 2).sum())


@given(st.sampled_from(TYPES), st.lists(st.integers(-3, 2**33), min_size=1, max_size=5))
def test_only_counts_without_a_sentinel_are_added_as_they_are(kind, values):
    fitting = [value for value in values if np.iinfo(kind).min <= value <= np.iinfo(kind).max] or [0]
    frames = torch.from_numpy(np.array(fitting, kind).reshape(1, 1, -1))
    usable = all(value >= 0 and value not in SENTINELS for value in fitting)
    assert highest_count(frames, CPU) == (max(fitting) if usable else None)


def test_what_is_no_count_is_not_added_as_one():
    for frames in (torch.zeros(1, 2, 2), torch.zeros(0, 2, 2, dtype=torch.int32), torch.zeros(1, 2, 2).bool()):
        assert highest_count(frames, CPU) is None


@pytest.mark.parametrize("highest", [100, 20_000, 65_534, 2**24 + 1])
def test_counts_keep_their_precision_over_many_batches(highest):
    raw = np.random.default_rng(0).integers(highest // 2, highest, (60, 5, 7), endpoint=True)
    state = FrameSum.empty(FrameSpec((5, 7)))
    for start in range(0, 60, 12):
        kind = np.uint16 if highest < 2**16 else np.uint32
        state = pickle.loads(pickle.dumps(state.add(torch.from_numpy(raw[start : start + 12].astype(kind)))))
    assert state.total.dtype == torch.float64
    np.testing.assert_array_equal(state.total.numpy(), raw.sum(0))
    assert state.bound >= raw.sum(0).max()


def test_a_loose_bound_does_not_widen_a_sum():
    counts = np.random.default_rng(0).integers(0, 50, (200, 4, 5), dtype=np.int16)
    state = FrameSum.empty(FrameSpec((4, 5)))
    for frame in counts:
        state = state.merge(FrameSum.of_counts(frame[None], 4000))
    assert state.values.dtype == torch.int16
    np.testing.assert_array_equal(state.values.numpy(), counts.sum(0))


@pytest.mark.parametrize("kind", [torch.int16, torch.int64, torch.float32, torch.float64])
def test_a_sum_is_no_view_of_the_frames(kind):
    frames = torch.ones((1, 2, 3), dtype=kind)
    state = FrameSum.empty(FrameSpec((2, 3))).add(frames)
    frames.zero_()
    assert float(state.total.sum()) == 6.0


def test_counts_and_corrected_frames_join():
    counts = FrameSum.empty(FrameSpec((1, 2))).add(torch.tensor([[[3, 4]]], dtype=torch.int32))
    corrected = FrameSum.empty(FrameSpec((1, 2))).add(Frames(torch.tensor([[[0.5, 1.0]]]), torch.ones(1, 1, 2)))
    joined = counts.merge(corrected)
    assert joined.total.tolist() == [[3.5, 5.0]]
    assert joined.variances.tolist() == [[4.0, 5.0]]
