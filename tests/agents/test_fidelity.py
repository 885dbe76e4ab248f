import numpy as np
import pytest

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.testing.agents import SPACES, AgentContract
from autoexp_agents import BayesianAgent, FidelityAgent

PLACE = [Dof("x", 0, 1), Dof("y", 0, 1)]
SPACE = Space([*PLACE, Dof("how", choices=("quick", "full"))])
SECONDS = {"quick": 1.0, "full": 10.0}


class TestFidelityAgent(AgentContract):
    only = ("words", "finite")

    @property
    def home(self):
        return SPACES["words"]

    @pytest.fixture
    def build(self):
        def made(space, objectives, seed):
            if "filter" not in space.names:
                pytest.skip("needs a Dof with choices")
            seconds = {
                value: 1.0 + index for index, value in enumerate(space.dofs[space.names.index("filter")].choices)
            }
            return FidelityAgent(
                space, objectives, fidelity="filter", seconds=seconds, initial=2, seed=seed, candidates=64
            )

        return made


def full(x, y):
    main, other = (x - 0.68) ** 2 + (y - 0.27) ** 2, (x - 0.25) ** 2 + (y - 0.7) ** 2
    return float(np.exp(-30 * main) + 0.5 * np.exp(-30 * other))


def quick(x, y):
    return 0.7 * full(x - 0.05, y + 0.03) + 0.3 * x


def run(agent, seconds):
    """Return by how much the answer falls short, and how often each fidelity was measured."""
    counts = {"quick": 0, "full": 0}
    while True:
        [asked] = agent.suggest(1, [])
        how = asked.point.get("how", "full")
        seconds -= SECONDS[how]
        if seconds < 0:
            break
        counts[how] += 1
        value = (quick if how == "quick" else full)(asked.point["x"], asked.point["y"])
        agent.ingest([Observation(asked.point, {"f": value}, suggestion_id=asked.id)])
    best = agent.best().point
    return 1 - full(best["x"], best["y"]), counts


def build(seed):
    return FidelityAgent(SPACE, Maximize("f"), fidelity="how", seconds=SECONDS, seed=seed, candidates=512)


@pytest.mark.slow
def test_finds_the_best_sooner_with_the_help_of_what_is_cheap():
    ours = [run(build(seed), 110.0)[0] for seed in range(4)]
    alone = [run(BayesianAgent(Space(PLACE), Maximize("f"), seed=seed, candidates=512), 110.0)[0] for seed in range(4)]
    assert np.median(ours) < 0.1 * np.median(alone)


def test_measures_what_is_cheap_more_often_and_answers_for_what_is_dear():
    agent = build(0)
    _, counts = run(agent, 80.0)
    assert counts["quick"] > 1.5 * counts["full"] > 0
    assert agent.best().point["how"] == "full"


def test_the_knowledge_gradient_counts_per_second():
    dear = FidelityAgent(SPACE, Maximize("f"), fidelity="how", seconds={"quick": 1.0, "full": 1e6}, candidates=128)
    for _ in range(14):
        [asked] = dear.suggest(1, [])
        value = (quick if asked.point["how"] == "quick" else full)(asked.point["x"], asked.point["y"])
        dear.ingest([Observation(asked.point, {"f": value})])
    assert len(dear._memories[1]) == 2


def test_goes_through_the_design_although_motors_rest_beside_where_they_were_sent():
    agent, copy, made = build(0), build(0), []
    for _ in range(7):
        [asked] = agent.suggest(1, [])
        made.append(tuple(asked.point.values()))
        value = (quick if asked.point["how"] == "quick" else full)(asked.point["x"], asked.point["y"])
        agent.ingest([Observation({**asked.point, "x": asked.point["x"] + 5e-4}, {"f": value})])
        copy.restore(agent.state())
    assert len(set(made)) == 7
    assert copy.suggest(1, [])[0].point == agent.suggest(1, [])[0].point


def test_refuses():
    with pytest.raises(ObjectiveError, match="a fidelity needs one Maximize or Minimize"):
        FidelityAgent(SPACE, Explore("f"), fidelity="how", seconds=SECONDS)
    with pytest.raises(SpaceError, match="each choice"):
        FidelityAgent(SPACE, Maximize("f"), fidelity="how", seconds={"quick": 1.0})
    with pytest.raises(ObjectiveError, match="each choice must cost some seconds"):
        FidelityAgent(SPACE, Maximize("f"), fidelity="how", seconds={"quick": 1.0, "full": 0.0})
    with pytest.raises(SpaceError, match="'x' must have choices, got a range from 0"):
        FidelityAgent(SPACE, Maximize("f"), fidelity="x", seconds=SECONDS)
