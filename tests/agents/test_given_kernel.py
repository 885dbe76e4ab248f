import json

import numpy as np
import pytest

from autoexp import Dof, Maximize, Observation, Space
from autoexp_agents import BayesianAgent

gpytorch = pytest.importorskip("gpytorch")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
LINE = Space([Dof("x", 0.0, 10.0, unit="mm")])


def measured(point):
    return Observation(point, {"f": float(np.sin(2.0 * np.pi * point["x"] / 2.5) + 0.05 * point["x"])})


def make(count, **settings):
    kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.PeriodicKernel() * gpytorch.kernels.RBFKernel())
    kernel.base_kernel.kernels[0].period_length = 0.25
    agent = BayesianAgent(LINE, Maximize("f"), initial=1, candidates=128, kernel=kernel, **settings)
    agent.ingest([measured(point) for point in LINE.sobol(count, seed=3)])
    return agent


def test_chooses_by_a_kernel_of_gpytorch():
    agent = make(12)
    for _ in range(4):
        agent.ingest([measured(suggestion.point) for suggestion in agent.suggest(1, [])])
    assert "PeriodicKernel" in agent.settings()["kernel"]
    top = agent.best().point["x"]
    assert measured({"x": top}).values["f"] > 1.0


def test_a_restored_agent_decides_alike():
    first, second = make(10), make(0)
    first.ingest([measured(suggestion.point) for suggestion in first.suggest(1, [])])
    second.restore(json.loads(json.dumps(first.state())))
    assert second.model_state()["parameters"]["f"]["raw"]
    assert second.suggest(1, [])[0] == first.suggest(1, [])[0]
