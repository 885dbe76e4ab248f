import json

import numpy as np
import pytest

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp_agents import BayesianAgent, MapAgent

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


def test_maps_by_a_kernel_that_is_not_stationary():
    kernels = gpytorch.kernels
    kernel = kernels.ScaleKernel(kernels.MaternKernel(2.5)) * kernels.LinearKernel()
    kernel.kernels[0].base_kernel.lengthscale = 0.15
    agent = MapAgent(LINE, Explore("f"), initial=4, candidates=64, kernel=kernel)
    for _ in range(10):
        [asked] = agent.suggest(1, [])
        agent.ingest([Observation(asked.point, {"f": asked.point["x"] * float(np.sin(asked.point["x"]))})])
    report = agent.report(11)
    assert report["f_sigma"][0] < report["f_amplitude"]
    assert "LinearKernel" in agent.settings()["kernel"]
    assert "f_lengthscale" not in report
    assert np.abs(report["f_mean"] - report["x"] * np.sin(report["x"])).max() < 1.5
