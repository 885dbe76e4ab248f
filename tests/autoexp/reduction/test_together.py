"""Several reducers over the same frames."""

import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import BeamStatistics, FrameMeta, FrameSpec, Region, RegionSums
from autoexp.reduction.together import Latest, Together
from autoexp.testing.reducers import ReducerContract, assert_same

BEAM, SUMS = BeamStatistics(), RegionSums((Region("left", 0, 20), Region("right", 20, 64)))
SPEC = FrameSpec((6, 64))


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return Together((BEAM, SUMS))


def frames(number):
    return torch.poisson(torch.full((number, 6, 64), 9.0), generator=torch.Generator().manual_seed(number)).int()


def reading(reducer, *batches):
    state = reducer.init(SPEC)
    for batch in batches:
        state = reducer.update(state, batch, FrameMeta())
    return reducer.read(state)


def test_each_reads_what_it_reads_alone():
    assert_same(reading(Together((BEAM, SUMS)), frames(3)), {**reading(BEAM, frames(3)), **reading(SUMS, frames(3))})


def test_the_latest_batch_is_read_beside_all():
    both = reading(Together((BEAM, Latest(SUMS))), frames(3), frames(2))
    assert_same(both, {**reading(BEAM, frames(3), frames(2)), **reading(SUMS, frames(2))})


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="one reducer or more"):
        Together(())
    with pytest.raises(ReductionError, match="got twice left, right"):
        reading(Together((SUMS, SUMS)), frames(1))
    whole = Together((SUMS, Latest(SUMS)))
    with pytest.raises(ReductionError, match="states of Latest do not merge"):
        whole.merge(whole.init(SPEC), whole.init(SPEC))


def test_settings_tell_of_each():
    assert set(Together((BEAM, Latest(SUMS))).settings()) == {"0:BeamStatistics", "1:Latest"}
    assert set(Latest(SUMS).settings()) == {"RegionSums"}
