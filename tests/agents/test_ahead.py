import json

import numpy as np
import pytest

from autoexp import Bound, Classify, Dof, Explore, Maximize, Minimize, Observation, Space
from autoexp_agents import (
    ConstrainedTrustRegionAgent,
    DriftAgent,
    GainAgent,
    MapAgent,
    ParetoAgent,
    PhaseAgent,
    ScalarisedAgent,
    TrustRegionAgent,
    TwinAgent,
)

PLANE = Space([Dof("x", 0.0, 10.0, unit="mm"), Dof("y", 0.0, 10.0, unit="mm")])
BOTH = (Maximize("f"), Minimize("g"))


def twin(columns):
    return {"f": np.exp(-((columns["x"] - 5.8) ** 2) / 9)}


AGENTS = {
    "drift": lambda: DriftAgent(PLANE, Maximize("f"), initial=3, candidates=128),
    "gain": lambda: GainAgent(PLANE, Maximize("f"), initial=3, candidates=128),
    "map": lambda: MapAgent(PLANE, Explore("f"), initial=3, candidates=128),
    "phases": lambda: PhaseAgent(PLANE, Classify("class"), initial=3, candidates=128),
    "pareto": lambda: ParetoAgent(PLANE, BOTH, initial=3, candidates=128),
    "scalarised": lambda: ScalarisedAgent(PLANE, BOTH, initial=3, candidates=128),
    "twin": lambda: TwinAgent(PLANE, Maximize("f"), twin, candidates=128),
    "trust": lambda: TrustRegionAgent(PLANE, Maximize("f"), initial=3),
    "constrained": lambda: ConstrainedTrustRegionAgent(PLANE, (Maximize("f"), Bound("g", high=9.0)), initial=3),
}


def value(point):
    f = float(np.exp(-((point["x"] - 6.3) ** 2) / 9)) + 0.1 * point["y"]
    return {"f": f, "g": point["y"], "class": float(np.digitize(f, [0.4, 1.1]))}


ROWS = [Observation(point, value(point), time=30.0 * n) for n, point in enumerate(PLANE.sobol(14, seed=0))]


@pytest.fixture(params=AGENTS)
def build(request):
    return AGENTS[request.param]


def prepared(agent):
    """Let an agent learn nine rows and think on its thread to the end."""
    agent.ingest(ROWS[:9])
    agent.prepare([])
    agent.wait()
    return agent


def test_chooses_after_a_prepared_refit_as_without(build):
    ahead, inline = prepared(build()), build()
    inline.ingest(ROWS[:9])
    [first], [second] = ahead.suggest(1, []), inline.suggest(1, [])
    assert (first.point, first.why) == (second.point, second.why)
    assert ahead.thought_ahead > 0.0 == inline.thought_ahead


def test_does_not_refit_while_it_chooses(build, monkeypatch):
    agent = prepared(build())
    agent.suggest(1, [])
    monkeypatch.setattr(agent._fits, "_learn", lambda *_: pytest.fail("refitted on the critical path"))
    agent.ingest(ROWS[9:])
    assert agent.suggest(1, [])[0].why.n_observations == len(ROWS)


def test_takes_up_what_was_fitted_while_it_measured(build):
    agent, inline = prepared(build()), build()
    agent.suggest(1, [])
    agent.ingest(ROWS[9:])
    agent.prepare([])
    agent.wait()
    inline.ingest(ROWS)
    inline.suggest(1, [])
    [asked], [found] = agent.suggest(1, []), inline.suggest(1, [])
    assert (asked.point, asked.why) == (found.point, found.why)


def test_chooses_again_by_the_recorded_model(build):
    agent, again = prepared(build()), build()
    agent.ingest(ROWS[9:])
    [asked] = agent.suggest(1, [])
    again.ingest(ROWS)
    again.use_model(json.loads(json.dumps(agent.model_state())))
    [found] = again.suggest(1, [])
    assert (found.point, found.why) == (asked.point, asked.why)


def test_goes_on_where_it_was_stored(build):
    agent, again = prepared(build()), build()
    agent.suggest(1, [])
    agent.ingest(ROWS[9:])
    again.restore(json.loads(json.dumps(agent.state())))
    assert again.model_state() == agent.model_state() != {}


def test_does_nothing_before_it_saw_anything(build):
    agent = build()
    agent.prepare([])
    assert agent.model_state() == {}
    assert agent.thought_ahead == 0.0
