import numpy as np
import pytest

from autoexp import Bound, Dof, Maximize, Observation, Space
from autoexp.errors import AutoexpError, ObjectiveError
from autoexp.testing.agents import AgentContract
from autoexp_agents import BayesianAgent, SafeAgent, SobolAgent

PLANE = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
LOW = 0.3
WANTED = (Maximize("f"), Bound("g", low=LOW))
START = [{"x": 0.35, "y": 0.5}]


class TestSafeAgent(AgentContract):
    @pytest.fixture
    def build(self):
        def made(space, objectives, seed):
            inner = BayesianAgent(space, objectives, initial=4, seed=seed, candidates=256)
            return SafeAgent(inner, space.sobol(1, seed=seed), bounds=[Bound("f", low=-1e3)])

        return made


def value(x, y):
    return -((x - 0.8) ** 2 + (y - 0.7) ** 2)


def held(x, y):
    return 1 - 3 * (2 * (x - 0.4) ** 2 + (y - 0.5) ** 2) + 0.2 * np.sin(8 * x)


def run(agent, points, seed):
    """Return how often the bound broke, and by how much the best safe value falls short."""
    rng, broken, best = np.random.default_rng(seed), 0, -np.inf
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        f, g = value(**asked.point), held(**asked.point)
        broken, best = broken + (g < LOW), max(best, f if g >= LOW else -np.inf)
        noisy = {"f": f, "g": g + 0.01 * rng.standard_normal()}
        agent.ingest([Observation(asked.point, noisy, {"f": 1e-3, "g": 0.01}, suggestion_id=asked.id)])
    x, y = np.meshgrid(*[np.linspace(0, 1, 201)] * 2)
    return broken, value(x, y)[held(x, y) >= LOW].max() - best


@pytest.mark.slow
def test_breaks_the_bound_more_seldom_than_the_agent_inside_and_still_finds_the_best():
    def inner(seed):
        return BayesianAgent(PLANE, WANTED, seed=seed, candidates=256)

    safe = np.array([run(SafeAgent(inner(seed), START), 25, seed) for seed in range(2)])
    plain = np.array([run(inner(seed), 25, seed) for seed in range(2)])
    assert safe[:, 0].mean() <= 0.05 * 25
    assert plain[:, 0].mean() > 2.0 * safe[:, 0].mean()
    assert np.median(safe[:, 1]) < 0.01


def test_begins_where_it_is_safe_and_walks_from_there():
    agent = SafeAgent(SobolAgent(PLANE, WANTED), START, reach=0.2)
    [first] = agent.suggest(1, [])
    assert first.point == START[0]
    broken, _ = run(agent, 12, 0)
    assert broken == 0
    units = agent._memory.units
    steps = [np.linalg.norm(units[:index] - units[index], axis=1).min() for index in range(1, len(units))]
    assert max(steps) < 0.3


def test_waits_for_the_first_answer():
    agent = SafeAgent(SobolAgent(PLANE, WANTED), START)
    first = agent.suggest(3, [])
    assert len(first) == 1
    assert agent.suggest(1, first) == []


def test_leaves_the_starting_points_although_motors_rest_beside_them():
    starts = [*START, {"x": 0.4, "y": 0.45}]
    agent, copy = (SafeAgent(SobolAgent(PLANE, WANTED), starts) for _ in range(2))
    made = []
    for _ in range(4):
        [asked] = agent.suggest(1, [])
        made.append(asked.point)
        point = {name: place + 5e-4 for name, place in asked.point.items()}
        agent.ingest([Observation(point, {"f": value(**point), "g": held(**point)}, suggestion_id=asked.id)])
        copy.restore(agent.state())
    assert [made.count(start) for start in starts] == [1, 1]
    assert copy.suggest(1, [])[0].point == agent.suggest(1, [])[0].point


def test_refuses():
    inner = SobolAgent(PLANE, WANTED)
    with pytest.raises(AutoexpError, match="a point to start at, got none"):
        SafeAgent(inner, [])
    with pytest.raises(ObjectiveError, match="a safe agent needs a Bound"):
        SafeAgent(SobolAgent(PLANE, Maximize("f")), START)
    with pytest.raises(ObjectiveError, match=r"probability must lie in 0.6 to 1, got 1.5"):
        SafeAgent(inner, START, probability=1.5)
    with pytest.raises(ObjectiveError, match="reach must be positive, got 0"):
        SafeAgent(inner, START, reach=0.0)
