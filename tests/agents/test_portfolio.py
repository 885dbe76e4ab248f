import numpy as np
import pytest

from autoexp import Dof, Maximize, Minimize, Observation, Space
from autoexp.errors import AutoexpError
from autoexp_agents import BayesianAgent, GridAgent, PortfolioAgent, RandomAgent

LINE = Space([Dof("x", 0, 10)])


def run(agent, points):
    made = []
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        made.append(asked)
        value = float(np.exp(-((asked.point["x"] - 6.3) ** 2)))
        agent.ingest([Observation(asked.point, {"f": value}, suggestion_id=asked.id)])
    return made


def build(seed=0, eagerness=3.0):
    agents = {"model": BayesianAgent(LINE, Maximize("f"), candidates=256), "random": RandomAgent(LINE, Maximize("f"))}
    return PortfolioAgent(agents, seed=seed, eagerness=eagerness)


def test_who_does_better_proposes_more_often():
    agent = build()
    assert agent.weights() == pytest.approx({"model": 0.5, "random": 0.5})
    made = run(agent, 40)
    assert agent.weights()["model"] > 0.6
    assert sum(suggestion.why.rule.startswith("model") for suggestion in made[20:]) > 10


def test_everybody_keeps_a_chance():
    agent = build(eagerness=5.0)
    made = run(agent, 60)
    assert any(suggestion.why.rule.startswith("random") for suggestion in made[30:])


def test_all_learn_from_everything():
    agent = build()
    run(agent, 25)
    assert agent.best().point["x"] == pytest.approx(6.3, abs=0.1)


def test_another_proposes_where_one_has_no_more():
    few = GridAgent(LINE, Maximize("f"), per_dof=2)
    agent = PortfolioAgent({"grid": few, "random": RandomAgent(LINE, Maximize("f"))})
    assert len(run(agent, 20)) == 20


def test_refuses():
    with pytest.raises(AutoexpError, match="two agents or more"):
        PortfolioAgent({"one": RandomAgent(LINE, Maximize("f"))})
    with pytest.raises(AutoexpError, match="'b' does not"):
        PortfolioAgent({"a": RandomAgent(LINE, Maximize("f")), "b": RandomAgent(LINE, Minimize("f"))})
