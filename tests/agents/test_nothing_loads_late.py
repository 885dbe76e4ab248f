"""What an agent needs is imported before its first decision: the beamline waits for no import."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import numpy as np
from autoexp import Bound, Classify, Contour, Dof, Explore, Maximize, Minimize, Observation, Space, Target
import autoexp_agents as agents

plane, line = Space([Dof("x", 1, 2), Dof("y", 1, 2)]), Space([Dof("x", 1, 2)])
agent = {made}
asked_of, there = agent.space, set(sys.modules)


def measured(point, number, name=None):
    x, y = point["x"], point.get("y", 1.0)
    fields = {{"f": float(np.sin(3 * x) + y), "g": x**2, "h": (y - 1.5) ** 2, "class": float(x > y)}}
    wanted = {{objective.name: fields[objective.name] for objective in agent.objectives}}
    return Observation(point, wanted, suggestion_id=name, time=10.0 * number)


for number in range(9):
    [asked] = agent.suggest(1, [])
    agent.ingest([measured(asked.point, number, asked.id)])
agent.ingest([measured(point, 10 + number) for number, point in enumerate(asked_of.sobol(250, seed=1))])
agent.suggest(1, [])
if hasattr(agent, "best"):
    agent.best()
print(*sorted(set(sys.modules) - there))
"""

AGENTS = {
    "bayesian": 'agents.BayesianAgent(plane, Maximize("f"))',
    "contour": 'agents.BayesianAgent(plane, Contour("f", 1.0))',
    "target": 'agents.BayesianAgent(plane, (Target("f", 1.0), Bound("g", high=3.0)))',
    "constrained": 'agents.ConstrainedTrustRegionAgent(plane, (Maximize("f"), Bound("g", high=3.0)))',
    "drift": 'agents.DriftAgent(plane, Maximize("f"))',
    "gain": 'agents.GainAgent(plane, Maximize("f"), gain="kg")',
    "local": 'agents.LocalAgent(plane, Maximize("f"))',
    "map": 'agents.MapAgent(plane, Explore("f"))',
    "pareto of two": 'agents.ParetoAgent(plane, (Maximize("f"), Minimize("g")))',
    "pareto of three": 'agents.ParetoAgent(plane, (Maximize("f"), Minimize("g"), Minimize("h")))',
    "phases": 'agents.PhaseAgent(plane, Classify("class"))',
    "regions": 'agents.RegionsAgent(plane, Explore("f"), coarse=3)',
    "routed": 'agents.RoutedAgent(agents.MapAgent(plane, Explore("f")))',
    "scalarised": 'agents.ScalarisedAgent(plane, (Maximize("f"), Minimize("g")))',
    "spectrum": 'agents.SpectrumAgent(line, Explore("f"), coarse=4)',
    "transition": 'agents.TransitionAgent(line, Explore("f"))',
    "trust region": 'agents.TrustRegionAgent(plane, Maximize("f"))',
    "twin": 'agents.TwinAgent(plane, Maximize("f"), lambda columns: {"f": columns["x"]})',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", AGENTS)
def test_no_decision_imports_anything(name):
    script = SCRIPT.format(made=AGENTS[name])
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    assert run.stdout.split() == []
