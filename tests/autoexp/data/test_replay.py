import json

import pytest
from bluesky.plans import count

from autoexp import Dof, LinearConstraint, Maximize, Space
from autoexp.campaign import Campaign
from autoexp.data import Journal, journal_documents, open_store, replay
from autoexp.data.rebuild import recorded_agent
from autoexp.errors import PluginError, StoreError
from autoexp.records import Status
from autoexp_agents import BayesianAgent, RandomAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline


def bayesian(motor, seed=0, objective="det"):
    return BayesianAgent(
        Space([Dof(motor, -5, 5, unit="mm")]), (Maximize(objective),), initial=3, seed=seed, candidates=128
    )


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
    assert first.chosen.point != first.recorded.point
    assert f"the first that differs is {first.recorded.id!r}" in str(report)


def test_what_was_learned_matters(measured, motor):
    spoilt = json.loads(json.dumps(measured))
    for name, document in spoilt:
        if name == "event" and "det" in document["data"]:
            document["data"]["det"] = -document["data"]["det"]
    report = replay([tuple(item) for item in spoilt], bayesian(motor))
    assert [choice.same for choice in report.choices[:3]] == [True, True, True]
    assert report.first_difference is not None


def test_a_run_without_an_agent(RE, det, motor):
    documents = []
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(count([det], 1))
    RE.unsubscribe(token)
    with pytest.raises(StoreError, match=r"that of an adaptive scan"):
        replay(documents, bayesian(motor))


def mirrors(RE, think, num=9, until=None):
    """The documents of a run on a simulated beamline, whose agent has the default settings."""
    beamline, documents = mirrors_beamline(), []
    agent = BayesianAgent(Space(beamline.dofs), beamline.objectives, initial=6, candidates=256)
    campaign = Campaign(agent, think=think, clock=beamline.clock.now)
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan(beamline.detectors(), campaign, num=num, until=until))
    RE.unsubscribe(token)
    agent.wait()
    return json.loads(json.dumps(documents))


def data_of(documents, stream):
    uids = {document["uid"] for name, document in documents if name == "descriptor" and document["name"] == stream}
    return [document["data"] for name, document in documents if name == "event" and document["descriptor"] in uids]


@pytest.mark.parametrize("think", ["inline", "ahead"])
def test_the_recorded_agent_is_rebuilt_and_decides_the_same(RE, think):
    documents = mirrors(RE, think)
    report = replay(documents)
    assert report.first_difference is None, str(report)
    assert len(report.choices) == 9
    for choice, row in zip(report.choices, data_of(documents, "decisions"), strict=True):
        assert (choice.state, choice.chosen.why.model) == (row["model_state"], row["model"])
        assert choice.chosen.why.mean.get("spot_size", row["mean_spot_size"]) == pytest.approx(
            row["mean_spot_size"], rel=0, abs=0, nan_ok=True
        )


def test_each_model_state_is_stored_once(RE):
    documents = mirrors(RE, "inline")
    stored = [row["model_state"] for row in data_of(documents, "models")]
    used = [row["model_state"] for row in data_of(documents, "decisions") if row["model_state"]]
    assert len(stored) == len(set(stored))
    assert set(used) == set(stored)
    assert max(len(row["state"]) for row in data_of(documents, "models")) < 2000


def _hopeless(campaign):
    """Ask for the answer as soon as there is one, and never stop."""
    usable = any(row.status is Status.OK for row in campaign.observations)
    return usable and campaign.best().mean["spot_size"] < 0


def test_a_stopping_rule_that_asks_for_the_answer_is_no_obstacle(RE):
    documents = mirrors(RE, "inline", until=_hopeless)
    assert data_of(documents, "decisions")[-1]["answered"]
    report = replay(documents)
    assert report.first_difference is None, str(report)


def test_says_which_input_differed(measured, motor):
    spoilt = json.loads(json.dumps(measured))
    for name, document in spoilt:
        if name == "event" and "det" in document["data"]:
            document["data"]["det"] = -document["data"]["det"]
    assert "it rested on model state" in replay(spoilt).first_difference.difference
    lost = [item for item in measured if "det" not in item[1].get("data", {}) or item[1]["seq_num"] != 2]
    assert "observations, the replay on" in replay(lost).first_difference.difference


def test_a_second_scan_of_a_campaign_is_replayed_from_its_own_documents(RE, motor, det):
    documents = []
    campaign = Campaign(bayesian(motor), think="inline")
    RE(adaptive_scan([det], campaign, num=5))
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan([det], campaign, num=4))
    RE.unsubscribe(token)
    report = replay(documents)
    assert len(report.choices) == 4
    assert report.first_difference is None, str(report)


def test_points_of_persons_and_retries_are_none_of_its_decisions(RE, motor, det):
    documents, campaign = [], Campaign(bayesian(motor), think="inline")
    campaign.propose({"x": 1.5})
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan([det], campaign, num=6))
    RE.unsubscribe(token)
    report = replay(documents)
    assert len(report.choices) == 5
    assert report.first_difference is None, str(report)


def test_another_agent_by_its_name(measured):
    report = replay(measured, "sobol")
    assert len(report.choices) == 7
    assert "the same by SobolAgent" in str(report)
    assert report.table().count("the same") == sum(choice.same for choice in report.choices) < 7
    with pytest.raises(PluginError, match=r"got 'nothing'"):
        replay(measured, "nothing")


def test_from_a_store_and_from_databroker(RE, tmp_path, motor, det):
    with open_store(tmp_path) as store:
        token = RE.subscribe(store)
        (uid,) = RE(adaptive_scan([det], Campaign(bayesian(motor), think="inline"), num=5))
        RE.unsubscribe(token)
        for run in ((store, uid), store.run(uid)):
            report = replay(run)
            assert len(report.choices) == 5
            assert report.first_difference is None, str(report)


def test_constraints_and_pools_come_back(RE, motor, det):
    for space in (
        Space([Dof(motor, -5, 5)], [LinearConstraint({"x": 1.0}, high=2.0)]),
        Space([Dof(motor, -5, 5)], pool={"x": [-4.0, -1.0, 0.5, 3.0]}),
    ):
        documents = []
        token = RE.subscribe(lambda *item, kept=documents: kept.append(item))
        RE(adaptive_scan([det], Campaign(BayesianAgent(space, Maximize("det"), initial=2), think="inline"), num=3))
        RE.unsubscribe(token)
        assert replay(documents).first_difference is None
        assert recorded_agent(documents[0][1]).space.pool == space.pool


def test_a_constraint_that_the_record_cannot_hold(RE, motor, det):
    documents = []
    space = Space([Dof(motor, -5, 5)], [lambda columns: columns["x"] < 2.0])
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan([det], Campaign(BayesianAgent(space, Maximize("det")), think="inline"), num=2))
    RE.unsubscribe(token)
    with pytest.raises(StoreError, match=r"a constraint must be linear to be rebuilt, got '.*lambda"):
        replay(documents)
