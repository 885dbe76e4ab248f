import numpy as np
import pytest

from autoexp import Dof, Maximize, Observation, Space
from autoexp.errors import AutoexpError
from autoexp.testing.agents import AgentContract
from autoexp_agents import BayesianAgent, DeadlineAgent, SobolAgent

SLOW = Space([Dof("x", 0, 10, unit="mm", speed=1.0)])


class TestDeadlineAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: DeadlineAgent(
            BayesianAgent(space, objectives, initial=4, seed=seed, candidates=256), 3600.0
        )


def run(agent, exposure, seconds, origin=1.7e9):
    """Measure until it has no more; return when each point was done, and where."""
    now, at, done = origin, {"x": 0.0}, []
    while asked := agent.suggest(1, []):
        now += SLOW.travel_time(at, asked[0].point) + exposure
        at = asked[0].point
        agent.ingest([Observation(at, {"f": float(np.sin(at["x"]))}, suggestion_id=asked[0].id, time=now)])
        done.append((now, at["x"]))
        assert len(done) < 10 * seconds
    return done


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("exposure", [0.5, 5.0])
def test_ends_in_time_and_not_much_sooner(seed, exposure):
    agent = DeadlineAgent(SobolAgent(SLOW, Maximize("f"), seed=seed), 100.0)
    done = run(agent, exposure, 100)
    used = done[-1][0] - done[0][0]
    assert used <= 100.0
    assert used > 100.0 - exposure - 10.0
    assert agent.finished().startswith("the beam time ends in")


def test_is_home_at_the_end():
    agent = DeadlineAgent(SobolAgent(SLOW, Maximize("f")), 60.0, home={"x": 0.0})
    done = run(agent, 1.0, 60)
    assert done[-1][0] + done[-1][1] - done[0][0] <= 60.0


def test_leaves_out_what_cannot_be_reached_of_several():
    agent = DeadlineAgent(SobolAgent(SLOW, Maximize("f")), 12.0, exposure=3.0)
    assert 1 <= len(agent.suggest(8, [])) <= 4
    assert agent.finished()


def test_goes_on_after_a_restart():
    agent = DeadlineAgent(SobolAgent(SLOW, Maximize("f")), 50.0, start=1000.0)
    agent.ingest([Observation({"x": 1.0}, {"f": 0.0}, time=1030.0)])
    other = DeadlineAgent(SobolAgent(SLOW, Maximize("f")), 50.0, start=1000.0)
    other.restore(agent.state())
    assert other.left == agent.left == pytest.approx(20.0)


def test_refuses():
    with pytest.raises(AutoexpError, match="seconds must be positive, got 0"):
        DeadlineAgent(SobolAgent(SLOW, Maximize("f")), 0.0)
    with pytest.raises(AutoexpError, match="exposure must not be negative, got -1"):
        DeadlineAgent(SobolAgent(SLOW, Maximize("f")), 5.0, exposure=-1.0)
