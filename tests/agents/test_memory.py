import numpy as np
import pytest

from autoexp import Dof, Maximize, Observation, Space, Status
from autoexp_agents.memory import SAME, Memory, near


@pytest.mark.parametrize("counts", [(6, 50), (50, 6), (1, 1), (3, 5000), (5000, 3), (0, 4), (4, 0)])
@pytest.mark.parametrize("width", [1, 2, 6])
def test_near_is_within_the_distance_along_every_coordinate(counts, width):
    rng = np.random.default_rng(width)
    points, others = (rng.random((count, width)) for count in counts)
    both = min(counts) // 2
    points[:both] = others[:both] + SAME * rng.uniform(-1.5, 1.5, (both, width))
    expected = [bool(np.any(np.abs(point - others).max(axis=1) <= SAME)) if len(others) else False for point in points]
    assert near(points, others).tolist() == expected


@pytest.mark.parametrize("sigma", [np.inf, 1e200])
def test_a_value_that_says_nothing_is_suspect(sigma):
    memory = Memory(Space([Dof("x", 0.0, 1.0)]), (Maximize("f"),))
    memory.add([Observation({"x": 0.9}, {"f": 50.0}, {"f": sigma}), Observation({"x": 0.2}, {"f": 1.0}, {"f": 0.1})])
    assert memory.data("f").y.tolist() == [1.0]
    assert memory.lost(failed=False).tolist() == [[0.9]]
    assert not len(memory.lost(failed=True))


@pytest.mark.parametrize("sigma", [np.nan, 0.0, -1.0])
def test_a_sigma_that_is_none_is_not_known(sigma):
    memory = Memory(Space([Dof("x", 0.0, 1.0)]), (Maximize("f"),))
    memory.add([Observation({"x": 0.9}, {"f": 50.0}, {"f": sigma})])
    assert memory.data("f").variance.tolist() == [0.0]


FINITE = {
    "pool": Space([Dof("x", 0.0, 1.0)], pool={"x": [0.0, 1e-6, 1e-5, 0.5, 0.5]}),
    "whole numbers": Space([Dof("n", 0, 4, integer=True)]),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    ("space", "read", "expected"), [("pool", 0.4995, 0.5), ("pool", 1e200, 0.5), ("whole numbers", 2.1, 0.5)]
)
def test_an_answer_uses_up_the_candidate_nearest_to_it(space, read, expected, status):
    memory = Memory(FINITE[space], (Maximize("f"),))
    memory.add([Observation({memory.space.names[0]: read}, {"f": 1.0}, suggestion_id="0", status=status)])
    assert memory.taken.tolist() == [[expected]]


def test_what_nobody_asked_for_uses_up_only_a_candidate_beside_it():
    memory = Memory(FINITE["pool"], (Maximize("f"),))
    memory.add([Observation({"x": x}, {"f": 1.0}) for x in (0.4995, 0.4)])
    assert memory.taken.tolist() == [[0.5], [0.4]]


def test_candidates_are_told_apart_however_close():
    memory = Memory(FINITE["pool"], (Maximize("f"),))
    memory.add([Observation({"x": 1.1e-6}, {"f": 1.0}, suggestion_id="0")])
    every = memory.space.to_unit(memory.space.pool)
    assert near(every, memory.taken, memory.same).tolist() == [False, True, False, False, False]
