import numpy as np
import pytest

from autoexp import Bound, Dof, Minimize, Observation, Space
from autoexp.testing.agents import AgentContract
from autoexp_agents import ConstrainedTrustRegionAgent, SobolAgent

WIDTH = 6
CUBE = Space([Dof(f"x{index}", -5, 10) for index in range(WIDTH)])
WANTED = (Minimize("f"), Bound("total", high=0.0), Bound("norm", high=5.0))


class TestConstrainedTrustRegionAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: ConstrainedTrustRegionAgent(space, objectives, initial=4, seed=seed)


def run(agent, points):
    """Measure Ackley's function in a corner of the cube; return the best that keeps the bounds, and when that began."""
    best, first = np.inf, points
    for index in range(points):
        [asked] = agent.suggest(1, [])
        x = np.array(list(asked.point.values()))
        value = 20 + np.e - 20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x)))
        fields = {"f": float(value), "total": float(x.sum()), "norm": float(np.linalg.norm(x))}
        if fields["total"] <= 0 and fields["norm"] <= 5:
            best, first = min(best, fields["f"]), min(first, index)
        agent.ingest([Observation(asked.point, fields, suggestion_id=asked.id)])
    return best, first


@pytest.mark.slow
def test_finds_where_hard_bounds_hold_and_the_best_there():
    best, first = run(ConstrainedTrustRegionAgent(CUBE, WANTED, seed=0), 45)
    assert first < 25
    even, _ = run(SobolAgent(CUBE, WANTED, seed=0), 45)
    assert best < 0.7 * even


def test_stands_around_what_breaks_the_bounds_least():
    agent = ConstrainedTrustRegionAgent(CUBE, WANTED, seed=0)
    run(agent, 16)
    merits = agent._merits()
    totals, norms = (agent._memory.data(name).y for name in ("total", "norm"))
    breach = np.maximum(totals, 0) / totals[:13].std() + np.maximum(norms - 5, 0) / norms[:13].std()
    kept = breach == 0
    assert np.argsort(-merits[~kept]).tolist() == np.argsort(breach[~kept]).tolist()
    assert kept.any() or merits.max() < -1e20
