import numpy as np
import pytest

from autoexp import Classify, Explore
from autoexp.testing.agents import AgentContract
from autoexp_agents import (
    BayesianAgent,
    GridAgent,
    LocalAgent,
    MapAgent,
    ParetoAgent,
    PhaseAgent,
    PortfolioAgent,
    RandomAgent,
    RoutedAgent,
    SobolAgent,
    TransitionAgent,
    TravelAgent,
    TrustRegionAgent,
    TwinAgent,
)


class TestSobolAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: SobolAgent(space, objectives, seed=seed)


class TestRandomAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: RandomAgent(space, objectives, seed=seed)


class TestGridAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: GridAgent(space, objectives, per_dof=12)


class TestBayesianAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: BayesianAgent(space, objectives, initial=4, seed=seed, candidates=256)


@pytest.mark.parametrize("method", ["Nelder-Mead", "Powell"])
class TestLocalAgent(AgentContract):
    @pytest.fixture
    def build(self, method):
        return lambda space, objectives, seed: LocalAgent(space, objectives, method=method, seed=seed)


class TestTrustRegionAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: TrustRegionAgent(space, objectives, initial=4, seed=seed)


def small(space, objectives, seed):
    return BayesianAgent(space, objectives, initial=4, seed=seed, candidates=256)


class TestRoutedAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: RoutedAgent(small(space, objectives, seed), points=3)


class TestTravelAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: TravelAgent(small(space, objectives, seed), exposure=0.5)


class TestPortfolioAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: PortfolioAgent(
            {"model": small(space, objectives, seed), "sobol": SobolAgent(space, objectives, seed=seed)}, seed=seed
        )


class TestParetoAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: ParetoAgent(space, objectives, initial=4, seed=seed, candidates=128)


@pytest.mark.parametrize("edges", [0.0, 2.0])
class TestMapAgent(AgentContract):
    goal = Explore("f")

    @pytest.fixture
    def build(self, edges):
        return lambda space, objectives, seed: MapAgent(
            space, objectives, initial=4, edges=edges, seed=seed, candidates=128
        )


class TestPhaseAgent(AgentContract):
    goal = Classify("f")

    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: PhaseAgent(space, objectives, initial=4, seed=seed, candidates=128)


class TestTransitionAgent(AgentContract):
    goal = Explore("f")
    only = ("line",)

    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: TransitionAgent(space, objectives, form="step", seed=seed)


def flat_twin(columns):
    return {"f": np.zeros(len(next(iter(columns.values()))))}


class TestTwinAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: TwinAgent(space, objectives, flat_twin, seed=seed, candidates=128)
