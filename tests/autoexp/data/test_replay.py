import json

import pytest
from bluesky.plans import count

from autoexp import Dof, Maximize, Space
from autoexp.campaign import Campaign
from autoexp.data import Journal, journal_documents, replay, resume
from autoexp.errors import ObjectiveError, SpaceError, StoreError
from autoexp.records import Source
from autoexp_agents import BayesianAgent, RandomAgent
from autoexp_plans import adaptive_scan


def bayesian(motor, seed=0, objective="det"):
    return BayesianAgent(Space([Dof(motor, -5, 5, unit="mm")]), (Maximize(objective),), initial=3, seed=seed)


@pytest.fixture
def measured(RE, tmp_path, motor, det):
    """The documents of a run of seven points, as the journal gives them back."""
    journal = Journal(tmp_path)
    token = RE.subscribe(journal)
    RE(adaptive_scan([det], Campaign(bayesian(motor), think="inline"), num=7))
    RE.unsubscribe(token)
    journal.close()
    (path,) = tmp_path.glob("*.jsonl")
    return list(journal_documents(tmp_path, path.stem))


def test_the_same_agent_decides_the_same_to_the_bit(measured, motor):
    report = replay(measured, bayesian(motor))
    assert len(report.choices) == 7
    assert report.first_difference is None
    assert "7 of 7 decisions reproduced to the bit" in str(report)


def test_another_agent_is_told_apart_at_its_first_difference(measured, motor):
    agent = RandomAgent(Space([Dof(motor, -5, 5, unit="mm")]), (Maximize("det"),), seed=5)
    report = replay(measured, agent)
    first = report.first_difference
    assert first == report.choices[0]
    assert first.chosen != first.recorded
    assert f"the first that differs is {first.suggestion_id!r}" in str(report)


def test_what_was_learned_matters(measured, motor):
    spoilt = json.loads(json.dumps(measured))
    for name, document in spoilt:
        if name == "event" and "det" in document["data"]:
            document["data"]["det"] = -document["data"]["det"]
    report = replay([tuple(item) for item in spoilt], bayesian(motor))
    assert [choice.same for choice in report.choices[:3]] == [True, True, True]
    assert report.first_difference is not None


def test_resume_knows_everything_measured(measured, motor):
    campaign = resume(measured, bayesian(motor))
    values = [document["data"]["det"] for name, document in measured if name == "event" and "det" in document["data"]]
    assert [row.values["det"] for row in campaign.observations] == values
    assert len(values) == 7


def test_a_resumed_campaign_goes_on(measured, RE, motor, det):
    campaign = resume(measured, bayesian(motor))
    RE(adaptive_scan([det], campaign, num=2))
    assert len(campaign.observations) == 9


def test_resume_asks_again_what_was_never_measured(measured, motor):
    last = max(index for index, (_, document) in enumerate(measured) if "det" in document.get("data", {}))
    campaign = resume(measured[:last], bayesian(motor))
    assert len(campaign.observations) == 6
    (asked,) = campaign.suggest()
    assert asked.why.source is Source.PERSON
    assert asked.point["x"] == measured[last][1]["data"]["x_setpoint"]


def test_resume_refuses_an_objective_that_was_not_measured(measured, motor):
    with pytest.raises(ObjectiveError, match=r"in what was measured, .*'det'.*, got 'flux'"):
        resume(measured, bayesian(motor, objective="flux"))


def test_resume_refuses_a_dof_that_the_run_had_not(measured):
    agent = RandomAgent(Space([Dof("y", 0, 1)]), (Maximize("det"),), seed=0)
    with pytest.raises(SpaceError, match=r"among those of the run, 'x', got 'y'"):
        resume(measured, agent)


def test_a_run_without_an_agent(RE, det, motor):
    documents = []
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(count([det], 1))
    RE.unsubscribe(token)
    with pytest.raises(StoreError, match=r"start document of an adaptive scan"):
        replay(documents, bayesian(motor))
