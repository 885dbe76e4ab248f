"""Sums and squares of raw counts: exact in one pass, in several, and where a few pixels are bright."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction.records import SENTINELS
from autoexp.reduction.tally import tally

TYPES = (np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64)


def assert_exact(raw):
    found, exact = tally(raw), raw.astype(object)
    assert (found.sums.astype(object) == exact.sum(0)).all()
    assert found.squares == (exact**2).sum()
    assert found.bound >= found.sums.max()
    assert found.highest >= raw.max()
    assert found.zeros == sum(not frame.any() for frame in raw)


@given(
    kind=st.sampled_from(TYPES),
    shape=st.tuples(st.integers(1, 20), st.integers(1, 40), st.integers(1, 130)),
    level=st.sampled_from((0, 1, 9, 90, 250, 4000, 60_000)),
    bright=st.integers(0, 3),
    seed=st.integers(0, 2**32),
)
def test_whatever_the_counts_they_are_exact(kind, shape, level, bright, seed):
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, min(level, np.iinfo(kind).max), shape, dtype=kind, endpoint=True)
    if level:
        raw[rng.random(len(raw)) < 0.2] = 0
    raw.reshape(-1)[rng.integers(0, raw.size, bright)] = min(65_534, np.iinfo(kind).max)
    assert_exact(raw)


def test_frames_larger_than_the_cache_are_exact():
    rng = np.random.default_rng(1)
    assert_exact(rng.poisson(40, (3, 401, 503)).astype(np.uint16))
    assert_exact(rng.poisson(100, (1, 700, 601)).astype(np.int32)[:, ::2])


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.uint32, np.int64])
@pytest.mark.parametrize("place", [0, 70_000, -1])
@pytest.mark.parametrize("level", [3, 900])
def test_nothing_but_counts_is_tallied(kind, place, level):
    for value in (*SENTINELS, -7):
        if not np.iinfo(kind).min <= value <= np.iinfo(kind).max:
            continue
        raw = np.full((2, 300, 301), level, kind)
        assert tally(raw) is not None
        raw.reshape(-1)[place] = value
        assert tally(raw) is None
