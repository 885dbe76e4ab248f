import json

import numpy as np
import pytest

from autoexp import Dof, Maximize, Observation, Space
from autoexp_agents import BayesianAgent

SPACE = Space([Dof("x", 0.0, 10.0, unit="mm"), Dof("y", -1.0, 1.0)])


def measured(point):
    value = np.exp(-((point["x"] - 6.3) ** 2) - 4.0 * (point["y"] - 0.2) ** 2)
    return Observation(point, {"f": float(value)}, {"f": 0.01})


def make(count, **settings):
    agent = BayesianAgent(SPACE, Maximize("f"), initial=1, candidates=512, **settings)
    agent.ingest([measured(point) for point in SPACE.sobol(count, seed=3)])
    return agent


def kind(agent):
    return agent.model_state()["models"]["f"]


def test_switches_to_a_sparse_model_and_says_so():
    agent = make(60, exact_up_to=62, inducing=30, many="sparse")
    kinds = []
    for _ in range(8):
        [suggestion] = agent.suggest(1, [])
        kinds.append(kind(agent))
        agent.ingest([measured(suggestion.point)])
    assert kinds[0] == "exact"
    assert kinds[-1] == "sparse, 30 inducing points"
    assert agent.settings()["exact_up_to"] == 62
    assert agent.settings()["inducing"] == 30
    assert agent.settings()["many"] == "sparse"
    assert "sparse" in agent.report(5).attrs["models"]


def test_measures_on_with_a_partitioned_model():
    first, second = (make(count, exact_up_to=30, many="partitioned") for count in (600, 0))
    for _ in range(3):
        first.ingest([measured(suggestion.point) for suggestion in first.suggest(1, [])])
    assert kind(first) == "partitioned, 2 boxes"
    assert first.best().point["x"] == pytest.approx(6.3, abs=0.2)
    second.restore(json.loads(json.dumps(first.state())))
    assert second.suggest(1, [])[0].point == first.suggest(1, [])[0].point


def test_finds_the_top_with_either_model():
    best = {}
    for name, limit in (("exact", 1000), ("sparse", 20)):
        agent = make(40, exact_up_to=limit, inducing=46)
        for _ in range(6):
            agent.ingest([measured(suggestion.point) for suggestion in agent.suggest(1, [])])
        best[name] = agent.best().point
    for point in best.values():
        assert point["x"] == pytest.approx(6.3, abs=0.1)
        assert point["y"] == pytest.approx(0.2, abs=0.05)


def test_a_restored_agent_decides_alike_with_a_sparse_model():
    first, second = make(50, exact_up_to=30, inducing=25), make(0, exact_up_to=30, inducing=25)
    first.ingest([measured(suggestion.point) for suggestion in first.suggest(1, [])])
    second.restore(json.loads(json.dumps(first.state())))
    assert kind(second) == kind(first)
    assert second.suggest(1, [])[0].point == first.suggest(1, [])[0].point


@pytest.mark.parametrize("setting", ["exact_up_to", "inducing"])
def test_refuses_less_than_one(setting):
    with pytest.raises(ValueError, match=f"{setting} must be 1 or more, got 0"):
        make(0, **{setting: 0})


def test_never_measures_a_point_of_a_coarse_space_twice():
    space = Space([Dof("x", 0, 59, integer=True), Dof("y", 0, 59, integer=True)])
    agent = BayesianAgent(space, Maximize("f"), initial=60, candidates=1024)
    seen = list[tuple[int, int]]()
    for _ in range(90):
        [suggestion] = agent.suggest(1, [])
        point = suggestion.point
        seen.append((point["x"], point["y"]))
        value = float(np.exp(-0.01 * ((point["x"] - 30) ** 2 + (point["y"] - 20) ** 2)))
        agent.ingest([Observation(point, {"f": value}, {"f": 0.05})])
    assert len(set(seen)) == len(seen)
