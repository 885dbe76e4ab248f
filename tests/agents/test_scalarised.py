import numpy as np
import pytest

from autoexp import Bound, Dof, Maximize, Minimize, Observation, Space, Status
from autoexp.errors import ObjectiveError
from autoexp.testing.agents import AgentContract
from autoexp_agents import ScalarisedAgent

LINE = Space([Dof("x", 0, 1)])
BOTH = (Maximize("flux"), Minimize("size"))


class TestScalarisedAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: ScalarisedAgent(space, objectives, initial=4, seed=seed, candidates=128)


def measure(agent, points=14):
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        x = asked.point["x"]
        agent.ingest([Observation(asked.point, {"flux": 10 * np.sin(np.pi * x / 2), "size": 2 + 3 * x**2})])
    return agent


@pytest.mark.parametrize("price", [0.5, 2.0, 5.0])
def test_finds_what_is_worth_most(price):
    agent = measure(ScalarisedAgent(LINE, BOTH, weights={"flux": 1.0, "size": price}, candidates=256))
    x = np.linspace(0, 1, 1001)
    worth = 10 * np.sin(np.pi * x / 2) - price * (2 + 3 * x**2)
    best = agent.best()
    assert best.point["x"] == pytest.approx(x[np.argmax(worth)], abs=0.05)
    assert best.mean["flux"] - price * best.mean["size"] == pytest.approx(worth.max(), abs=0.1)
    assert min(best.sigma.values()) > 0


def test_keeps_a_bound():
    goals = (*BOTH, Bound("size", high=2.3))
    with pytest.raises(ObjectiveError, match="weights must be those of"):
        ScalarisedAgent(LINE, goals, weights={"flux": 1.0})
    best = measure(ScalarisedAgent(LINE, goals, weights={"flux": 1.0, "size": 0.5}, candidates=256)).best()
    assert best.mean["size"] == pytest.approx(2.3, abs=0.1)


def test_learns_from_what_fails(fails_on_the_hill):
    square = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
    wanted = (Maximize("f"), Maximize("h"))
    assert fails_on_the_hill(ScalarisedAgent(square, wanted, weights={"f": 1.0, "h": 1e-3}, candidates=512)) <= 6


def test_improves_on_what_was_measured_alone():
    agent = ScalarisedAgent(LINE, BOTH, weights={"flux": 1.0, "size": 1e-6}, initial=5)
    for x in (0.0, 0.2, 0.35, 0.5, 1.0):
        agent.ingest([Observation({"x": x}, {"flux": -4 * (x - 0.7) ** 2, "size": -x})])
    agent.ingest([Observation({"x": 0.7}, {}, status=Status.SUSPECT)])
    belief = agent._believed()
    best = agent._improvement(belief, 5).best
    assert best == pytest.approx(-0.16, abs=0.01)
    with belief.imagining():
        agent._imagine(belief, [])
        assert agent._improvement(belief, 5).best == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.inf])
def test_a_weight_must_be_positive(weight):
    with pytest.raises(ObjectiveError, match="weights must be positive"):
        ScalarisedAgent(LINE, BOTH, weights={"flux": 1.0, "size": weight})
