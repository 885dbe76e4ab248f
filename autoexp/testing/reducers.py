"""The contract of reducers, as tests that anybody's reducer inherits."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from autoexp.flags import Flags
from autoexp.protocols import Describes, Reducer, WarmsUp
from autoexp.reduction.chain import chain
from autoexp.reduction.corrections import Mask
from autoexp.reduction.merging import mergeable, merged
from autoexp.reduction.records import SENTINELS, FrameMeta, FrameSpec, Reduced

Reading = Mapping[str, Reduced]


def assert_same(found: Reading, expected: Reading, *, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Compare two readings: values, sigmas, units, dimensions, number of frames and flags."""
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].value, value.value, rtol, atol, err_msg=name)
        np.testing.assert_allclose(found[name].sigma, value.sigma, rtol, atol, err_msg=f"sigma of {name}")
        told = (found[name].unit, found[name].dims, found[name].n_frames, found[name].flags)
        assert told == (value.unit, value.dims, value.n_frames, value.flags), name


class ReducerContract:
    """Tests that every reducer passes; override `reducer`, and what follows it where that does not fit.

    Examples
    --------
    ::

        class TestMine(ReducerContract):
            @pytest.fixture
            def reducer(self):
                return Mine()
    """

    rtol = 1e-9
    """How closely readings agree that differ only in the order of sums."""

    @pytest.fixture
    def reducer(self) -> Reducer[Any]:
        """Return the reducer to test."""
        raise NotImplementedError("override the fixture 'reducer'")

    @pytest.fixture
    def spec(self) -> FrameSpec:
        """Return what the frames look like."""
        return FrameSpec((48, 64))

    @pytest.fixture
    def frames(self, spec: FrameSpec) -> Tensor:
        """Return at least six raw frames that the reducer can use: a spot on a background."""
        rows, columns = spec.shape
        y, x = np.mgrid[:rows, :columns]
        spot = np.exp(-(((x - 0.45 * columns) / 4) ** 2) / 2 - ((y - 0.55 * rows) / 3) ** 2 / 2)
        counts = np.random.default_rng(7).poisson(200 * spot + 2, (6, rows, columns))
        return torch.from_numpy(counts.astype(np.int32))

    def meta(self, start: int, stop: int) -> FrameMeta:
        """Return what is known of the frames `start` to `stop`."""
        return FrameMeta()

    def state_of(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor, sizes: Sequence[int]) -> Any:
        """Return the state after `frames` in batches of these sizes."""
        state = reducer.init(spec)
        for start, stop in _spans(sizes):
            state = reducer.update(state, frames[start:stop], self.meta(start, stop))
        return state

    def reading_of(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> Reading:
        """Return what is read after `frames` in one batch."""
        return reducer.read(self.state_of(reducer, spec, frames, [len(frames)]))

    def test_is_a_reducer(self, reducer: Reducer[Any]) -> None:
        """It has the three methods."""
        assert isinstance(reducer, Reducer)

    def test_empty_state_reads_nan_with_the_same_fields(
        self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor
    ) -> None:
        """Before any frame there are fields, units and dimensions, but no numbers."""
        empty, full = reducer.read(reducer.init(spec)), self.reading_of(reducer, spec, frames)
        assert list(empty) == list(full)
        for name, value in empty.items():
            assert np.isnan(value.value).all(), name
            assert value.n_frames == 0
            assert value.flags & Flags.NO_FRAMES
            assert (value.unit, value.dims) == (full[name].unit, full[name].dims)
            assert value.value.shape == full[name].value.shape

    def test_values_are_float64_with_matching_sigma(
        self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor
    ) -> None:
        """Values and sigmas are float64 arrays of the shape that the dimensions say."""
        reading = self.reading_of(reducer, spec, frames)
        assert any(np.isfinite(value.value).any() for value in reading.values())
        for name, value in reading.items():
            assert value.value.dtype == value.sigma.dtype == np.float64, name
            assert value.value.shape == value.sigma.shape, name
            assert value.value.ndim == len(value.dims), name
            for dim, axis in value.axes.items():
                assert axis.values.shape == (value.value.shape[value.dims.index(dim)],)

    def test_sigma_is_not_negative(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """A sigma is zero or more wherever there is one."""
        for name, value in self.reading_of(reducer, spec, frames).items():
            assert not (value.sigma < 0).any(), name

    def test_counts_frames(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """It says how many frames it saw."""
        assert {value.n_frames for value in self.reading_of(reducer, spec, frames).values()} == {len(frames)}

    def test_is_deterministic(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """The same frames read the same, to the bit."""
        first, second = (self.reading_of(reducer, spec, frames) for _ in range(2))
        assert_same(first, second, rtol=0.0, atol=0.0)

    def test_reading_changes_nothing(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """A look in between leaves the result as it is."""
        state = reducer.update(reducer.init(spec), frames[:3], self.meta(0, 3))
        reducer.read(state)
        state = reducer.update(state, frames[3:], self.meta(3, len(frames)))
        unseen = self.state_of(reducer, spec, frames, [3, len(frames) - 3])
        assert_same(reducer.read(state), reducer.read(unseen), rtol=0.0, atol=0.0)

    def test_batching_does_not_matter(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """Frames one by one, in uneven batches or all at once read the same."""
        n, whole = len(frames), self.reading_of(reducer, spec, frames)
        for sizes in ([1] * n, [2, n - 3, 1]):
            assert_same(reducer.read(self.state_of(reducer, spec, frames, sizes)), whole, rtol=self.rtol)

    def test_empty_batch_changes_nothing(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """A batch without frames is allowed."""
        state = reducer.update(reducer.init(spec), frames[:0], self.meta(0, 0))
        state = reducer.update(state, frames, self.meta(0, len(frames)))
        assert_same(reducer.read(state), self.reading_of(reducer, spec, frames), rtol=self.rtol)

    def test_raw_frames_stay_as_they_are(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """The caller's frames are not written to."""
        before = frames.clone()
        self.reading_of(reducer, spec, frames)
        assert torch.equal(before, frames)

    def test_states_pickle(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """A restart in the middle does not show."""
        state = reducer.update(reducer.init(spec), frames[:3], self.meta(0, 3))
        restored = pickle.loads(pickle.dumps(state))
        result = reducer.read(reducer.update(restored, frames[3:], self.meta(3, len(frames))))
        unbroken = reducer.read(self.state_of(reducer, spec, frames, [3, len(frames) - 3]))
        assert_same(result, unbroken, rtol=0.0, atol=0.0)

    def test_reducer_pickles(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """It can be sent to a worker."""
        sent = pickle.loads(pickle.dumps(reducer))
        assert_same(self.reading_of(sent, spec, frames), self.reading_of(reducer, spec, frames), rtol=0.0, atol=0.0)

    def test_merge_joins_what_two_workers_saw(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """Merging is the same as one having seen all, in any order, and the empty state is neutral."""
        if not mergeable(reducer):
            pytest.skip("states of this reducer do not add")
        parts = [(0, 2), (2, 3), (3, len(frames))]
        a, b, c = (reducer.update(reducer.init(spec), frames[i:j], self.meta(i, j)) for i, j in parts)
        whole = self.reading_of(reducer, spec, frames)
        join = partial(merged, reducer)
        for joined in (join(join(a, b), c), join(a, join(c, b))):
            assert_same(reducer.read(joined), whole, rtol=self.rtol)
        assert_same(reducer.read(join(reducer.init(spec), a)), reducer.read(a), rtol=self.rtol)

    @pytest.mark.parametrize(
        ("sentinel", "dtype"),
        [(-1, np.int32), (2**16 - 1, np.uint16), (2**32 - 1, np.uint32), *((each, np.int64) for each in SENTINELS)],
    )
    def test_sentinels_count_as_masked(
        self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor, sentinel: int, dtype: type[np.integer[Any]]
    ) -> None:
        """A sentinel never enters a result: a pixel that holds one reads as if it were masked."""
        counts, bad = frames.numpy(), self.some_pixels(spec)
        if counts.max() > np.iinfo(dtype).max:
            pytest.skip(f"these frames do not fit into {dtype.__name__}")
        clean = counts.astype(dtype)
        marked = torch.from_numpy(np.where(bad.numpy(), np.array(sentinel, dtype), clean))
        expected = self.reading_of(chain(Mask(bad), reducer), spec, torch.from_numpy(clean))
        for each in (reducer, chain(reducer)):
            assert_same(self.reading_of(each, spec, marked), expected, rtol=self.rtol)

    def test_masked_pixels_never_enter(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """What a masked pixel holds does not matter."""
        bad = self.some_pixels(spec)
        masked = chain(Mask(bad), reducer)
        spoilt = frames.masked_fill(bad, 60000)
        found = self.reading_of(masked, spec, spoilt)
        assert_same(found, self.reading_of(masked, spec, frames), rtol=self.rtol)

    def some_pixels(self, spec: FrameSpec) -> Tensor:
        """Return a few pixels to mask, boolean, shape ``(y, x)``."""
        bad = torch.zeros(spec.shape, dtype=torch.bool)
        bad[::11, ::7] = True
        return bad

    def test_warms_up_without_a_trace(self, reducer: Reducer[Any], spec: FrameSpec, frames: Tensor) -> None:
        """Warming up changes no result."""
        before = self.reading_of(reducer, spec, frames)
        if isinstance(reducer, WarmsUp):
            reducer.warmup(spec)
        assert_same(self.reading_of(reducer, spec, frames), before, rtol=0.0, atol=0.0)

    def test_settings_are_json(self, reducer: Reducer[Any]) -> None:
        """It tells the record what it was built with."""
        import json

        assert isinstance(reducer, Describes)
        json.dumps(dict(reducer.settings()))


def _spans(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for size in sizes:
        yield start, start + size
        start += size
