from itertools import pairwise

import pytest

from autoexp import Dof, Maximize, Observation, Space
from autoexp.records import Status
from autoexp_agents import GridAgent, RandomAgent, SobolAgent

SPACE = Space([Dof("x", -5, 5), Dof("y", 0, 2)])


def all_of(agent, n):
    return [agent.suggest(1, [])[0].point for _ in range(n)]


def earlier(points, off=0.0, status=Status.OK):
    """What an earlier run measured, with motors that came to rest beside the points."""
    return [
        Observation(point={"x": p["x"] + off, "y": p["y"]}, values={"f": 1.0}, sigmas={}, status=status) for p in points
    ]


@pytest.mark.parametrize("design", [SobolAgent, RandomAgent, GridAgent])
def test_goes_on_where_an_earlier_run_ended(design):
    points = all_of(design(SPACE, Maximize("f")), 12)
    agent = design(SPACE, Maximize("f"))
    agent.ingest(earlier(points[:7], off=2e-3))
    assert all_of(agent, 5) == points[7:]
    again = design(SPACE, Maximize("f"))
    again.restore(agent.state())
    assert again.suggest(1, [])[0].point not in points


@pytest.mark.parametrize("design", [SobolAgent, RandomAgent])
def test_of_a_pool_goes_on_with_what_an_earlier_run_left_out(design):
    places = [0.0, 1e-5, 3e-5, 0.5, 1.0]
    agent = design(Space([Dof("x", 0, 1)], pool={"x": places}), Maximize("f"))
    agent.ingest([Observation({"x": x}, {"f": 1.0}) for x in (1.1e-5, 0.5005, 0.9)])
    assert sorted(row.point["x"] for row in agent.suggest(5, [])) == [0.0, 3e-5, 1.0]


def test_measures_again_what_failed_and_what_is_only_near():
    points = all_of(SobolAgent(SPACE, Maximize("f")), 4)
    agent = SobolAgent(SPACE, Maximize("f"))
    agent.ingest([*earlier(points[:1], status=Status.FAILED), *earlier(points[1:2], off=0.1), *earlier(points[2:3])])
    assert all_of(agent, 3) == [points[0], points[1], points[3]]


def test_a_fine_grid_is_not_thinned():
    space = Space([Dof("x", 0, 1)])
    agent = GridAgent(space, Maximize("f"), per_dof=5000)
    agent.ingest([Observation(point={"x": 0.5}, values={"f": 1.0}, sigmas={})])
    points = [suggestion.point["x"] for suggestion in agent.suggest(5000, [])]
    assert len(points) == 5000
    assert all(0 < b - a < 1e-3 for a, b in pairwise(points))
