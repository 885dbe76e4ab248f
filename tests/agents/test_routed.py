import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Dof, Explore, Maximize, Observation, Space, Suggestion
from autoexp.errors import AutoexpError
from autoexp_agents import BayesianAgent, RoutedAgent, SobolAgent, route

SLOW = Space([Dof("x", 0, 10, speed=1.0), Dof("y", 0, 10, speed=0.2, settle=0.3)])
places = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=2, max_size=6, unique=True)


def length(points, start=None):
    points = points if start is None else [start, *points]
    return sum(SLOW.travel_time(a, b) for a, b in itertools.pairwise(points))


@given(places, st.booleans())
def test_a_route_visits_all_and_is_not_far_from_the_shortest(places, from_start):
    made = [Suggestion(str(i), {"x": x, "y": y}) for i, (x, y) in enumerate(places)]
    start = {"x": 0.0, "y": 0.0} if from_start else None
    found = route(SLOW, start, made)
    assert sorted(suggestion.id for suggestion in found) == sorted(suggestion.id for suggestion in made)
    shortest = min(length([s.point for s in order], start) for order in itertools.permutations(made))
    assert length([suggestion.point for suggestion in found], start) <= 1.5 * shortest + 1e-9


def travelled(agent, points):
    at = []
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        at.append(asked.point)
        value = np.sin(asked.point["x"]) + np.cos(asked.point["y"])
        agent.ingest([Observation(asked.point, {"f": value}, suggestion_id=asked.id)])
    return length(at)


def test_a_map_is_travelled_in_less_time():
    plain = travelled(BayesianAgent(SLOW, Explore("f"), candidates=512), 40)
    routed = travelled(RoutedAgent(BayesianAgent(SLOW, Explore("f"), candidates=512), points=8), 40)
    assert routed < 0.6 * plain


def test_has_the_powers_of_the_agent_inside():
    from autoexp.protocols import Answers, Prepares, Reports

    routed = RoutedAgent(BayesianAgent(SLOW, Maximize("f")))
    assert isinstance(routed, Answers)
    assert isinstance(routed, Prepares)
    assert isinstance(routed, Reports)
    assert not isinstance(RoutedAgent(SobolAgent(SLOW, Maximize("f"))), Prepares)


def test_refuses_a_route_of_one():
    with pytest.raises(AutoexpError, match="points must be 2 or more, got 1"):
        RoutedAgent(SobolAgent(SLOW, Maximize("f")), points=1)
