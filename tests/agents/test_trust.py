import numpy as np
import pytest

from autoexp import Bound, Dof, Explore, Maximize, Minimize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp_agents import TrustRegionAgent
from autoexp_agents.trust import Region

WIDE = Space([Dof(f"x{i}", -1, 1) for i in range(8)])
TOP = np.linspace(-0.6, 0.7, 8)


def hill(point):
    return -float(np.square(np.array(list(point.values())) - TOP).sum())


def run(agent, points, measure=lambda point: {"f": hill(point)}):
    made = []
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        made.append(asked)
        agent.ingest([Observation(asked.point, measure(asked.point), suggestion_id=asked.id)])
    return made


def test_climbs_in_eight_dimensions():
    agent = TrustRegionAgent(WIDE, Maximize("f"))
    run(agent, 60)
    assert hill(agent.best().point) > -0.02


def test_region_grows_with_success_and_shrinks_with_failure():
    assert Region().after(True, 4).after(True, 4).after(True, 4) == Region(1.6)
    region = Region()
    for _ in range(4):
        region = region.after(False, 4)
    assert region == Region(0.4)
    assert not region.spent
    assert Region(0.5**8).spent


def test_later_points_stay_near_the_best():
    made = run(TrustRegionAgent(WIDE, Maximize("f")), 60)
    points = np.array([list(suggestion.point.values()) for suggestion in made])
    early, late = (np.abs(rows - TOP).max(axis=1).mean() for rows in (points[:17], points[-10:]))
    assert late < 0.5 * early


def test_begins_anew_when_the_region_is_spent():
    agent = TrustRegionAgent(Space([Dof("x", 0, 1), Dof("y", 0, 1)]), Minimize("f"), initial=3)
    made = run(agent, 60, lambda point: {"f": 1.0})
    rules = [suggestion.why.rule for suggestion in made]
    assert rules[:3] == ["sobol"] * 3
    assert "sobol" in rules[10:]


def test_keeps_a_bound():
    agent = TrustRegionAgent(WIDE, (Maximize("f"), Bound("g", high=0.0)), seed=1)
    made = run(agent, 70, lambda point: {"f": hill(point), "g": point["x7"] - 0.4})
    assert np.mean([suggestion.point["x7"] <= 0.42 for suggestion in made[-20:]]) > 0.7
    assert agent.best().point["x7"] <= 0.45


def test_refuses_what_has_no_best():
    with pytest.raises(ObjectiveError, match="needs one Maximize or Minimize"):
        TrustRegionAgent(WIDE, Explore("f"))
