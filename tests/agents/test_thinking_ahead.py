import threading

import numpy as np
import pytest

from autoexp import Dof, Maximize, Observation, Space
from autoexp.surrogates import Kernel
from autoexp_agents import BayesianAgent
from autoexp_agents.refit import Refit

LINE = Space([Dof("x", 0.0, 10.0, unit="mm")])


def measured(x):
    return Observation({"x": x}, {"f": float(np.exp(-((x - 6.3) ** 2)))})


def make(positions):
    agent = BayesianAgent(LINE, Maximize("f"), initial=1, candidates=256)
    agent.ingest([measured(x) for x in positions])
    return agent


def test_takes_up_a_refit_and_what_came_in_meanwhile():
    agent, whole = make(np.linspace(0, 10, 8)), make([*np.linspace(0, 10, 8), 6.0])
    agent.prepare([])
    agent.ingest([measured(6.0)])
    agent.wait()
    assert agent.suggest(1, [])[0].why.n_observations == 9
    assert abs(agent.best().mean["f"] - whole.best().mean["f"]) < 0.05


def test_does_not_refit_while_it_chooses(monkeypatch):
    agent = make(np.linspace(0, 10, 8))
    agent.prepare([])
    agent.wait()
    agent.suggest(1, [])
    monkeypatch.setattr(agent, "_relearn", lambda *_: pytest.fail("refitted on the critical path"))
    agent.ingest([measured(x) for x in (1.0, 2.0, 3.0)])
    assert agent.suggest(1, [])[0].why.n_observations == 11


def test_updated_models_choose_as_newly_conditioned_ones_do():
    agent = make(np.linspace(0, 10, 12))
    agent.prepare([])
    agent.wait()
    agent.suggest(1, [])
    agent.ingest([measured(6.5)])
    [suggestion] = agent.suggest(1, [])
    model = agent._belief.models["f"]
    np.testing.assert_allclose(model.watched()[0], model.posterior(model.watched_points)[0], atol=1e-6)
    assert 0.0 <= suggestion.point["x"] <= 10.0


def test_chooses_the_same_whether_it_prepared_for_the_point_or_not():
    prepared, plain = make(np.linspace(0, 10, 12)), make(np.linspace(0, 10, 12))
    for agent in (prepared, plain):
        agent.prepare([])
        agent.wait()
    for _ in range(3):
        [suggestion], [same] = prepared.suggest(1, []), plain.suggest(1, [])
        assert suggestion == same
        prepared.prepare([suggestion])
        prepared.wait()
        plain.prepare([])
        plain.wait()
        for agent in (prepared, plain):
            agent.ingest([measured(suggestion.point["x"])])


def test_works_out_ahead_what_the_pending_point_takes(monkeypatch):
    agent = make(np.linspace(0, 10, 12))
    agent.prepare([])
    agent.wait()
    suggestions = agent.suggest(2, [])
    agent.prepare(suggestions)
    agent.wait()
    agent.prepare(suggestions)
    monkeypatch.setattr(Kernel, "cross", lambda *_: pytest.fail("covariances were worked out again"))
    agent.ingest([measured(suggestions[0].point["x"])])
    assert len(agent._belief.models["f"]) == 13


def test_does_nothing_before_it_saw_anything():
    agent = make([])
    agent.prepare([])
    assert not agent._refit.busy


def test_a_failing_fit_is_heard_of():
    refit = Refit()

    def fail():
        raise ArithmeticError("no factor")

    refit.begin(fail)
    refit.wait()
    with pytest.raises(ArithmeticError, match="no factor"):
        refit.take()
    assert not refit.busy


def test_leaves_no_thread_behind():
    agent = make(np.linspace(0, 10, 8))
    agent.prepare([])
    agent.wait()
    assert not [thread for thread in threading.enumerate() if thread.name == "autoexp-refit"]


def test_the_work_steps_aside_while_an_answer_is_due():
    refit, passed = Refit(), threading.Event()

    def work():
        refit.give_way()
        passed.set()

    refit.stand_aside()
    refit.begin(work)
    assert not passed.wait(0.02)
    refit.go_on()
    assert passed.wait(10.0)
    refit.wait()


def test_the_work_goes_on_where_no_answer_comes():
    refit = Refit()
    refit.stand_aside()
    refit.begin(refit.give_way)
    refit._thread.join(10.0)
    assert not refit._thread.is_alive()


def test_an_answer_frees_the_work():
    agent = make(np.linspace(0, 10, 8))
    agent.ingest([measured(3.3)])
    assert not agent._refit._free.is_set()
    agent.suggest(1, [])
    assert agent._refit._free.is_set()


def test_time_to_prepare_frees_the_work_of_an_agent_that_was_not_asked():
    agent = make(np.linspace(0, 10, 8))
    agent.prepare([])
    agent.ingest([measured(3.3)])
    agent.prepare([])
    assert agent._refit._free.is_set()
    agent.wait()
