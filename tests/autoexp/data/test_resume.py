import itertools

import pytest
from bluesky.plan_stubs import one_nd_step, pause
from bluesky.utils import RunEngineInterrupted

from autoexp import Bound, Dof, Maximize, Minimize, Space
from autoexp.campaign import Campaign
from autoexp.data import open_store, replay, resume, warm_start
from autoexp.errors import AgentWarning, ObjectiveError, SpaceError
from autoexp.records import Source
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan


def agent_of(motor, low=-5, high=5, unit="mm", objectives=None):
    return SobolAgent(Space([Dof(motor, low, high, unit=unit)]), objectives or (Maximize("det"),), seed=3)


def record(RE, plan):
    documents = []
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(plan)
    RE.unsubscribe(token)
    return documents


@pytest.fixture
def measured(RE, motor, det):
    return record(RE, adaptive_scan([det], Campaign(agent_of(motor), think="inline"), num=5))


def test_knows_everything_measured_and_from_which_run(measured, motor):
    campaign = resume(measured, agent_of(motor))
    values = [document["data"]["det"] for name, document in measured if name == "event" and "det" in document["data"]]
    assert [row.values["det"] for row in campaign.observations] == values
    assert {row.run for row in campaign.observations} == {measured[0][1]["uid"]}
    assert campaign.think == "inline"


def test_the_new_run_names_the_one_that_it_continues(measured, RE, motor, det):
    uid = measured[0][1]["uid"]
    second = record(RE, adaptive_scan([det], resume(measured, devices=[motor]), num=2))
    start = second[0][1]
    assert start["continues"] == uid
    assert start["autoexp"]["earlier_runs"] == {uid: 5}
    assert replay(second).first_difference is None
    third = resume(second, agent_of(motor))
    assert [row.run for row in third.observations] == [uid] * 5 + [start["uid"]] * 2


def test_asks_again_what_was_never_measured(measured, motor):
    last = max(index for index, (_, document) in enumerate(measured) if "det" in document.get("data", {}))
    campaign = resume(measured[:last], agent_of(motor))
    assert len(campaign.observations) == 4
    (asked,) = campaign.suggest()
    assert asked.why.source is Source.RETRY
    assert asked.point["x"] == measured[last][1]["data"]["x_setpoint"]


def test_after_an_abort(RE, motor, det):
    documents, visits = [], itertools.count()

    def pausing(*arguments):
        if next(visits) == 3:
            yield from pause()
        yield from one_nd_step(*arguments)

    token = RE.subscribe(lambda *item: documents.append(item))
    with pytest.raises(RunEngineInterrupted):
        RE(adaptive_scan([det], agent_of(motor), num=9, per_point=pausing))
    RE.abort()
    RE.unsubscribe(token)
    assert documents[-1][1]["exit_status"] == "abort"
    campaign = resume(documents, devices=[motor])
    assert len(campaign.observations) == 3
    record(RE, adaptive_scan([det], campaign, num=2))
    assert campaign.observations[3].suggestion_id == "again-0003"
    assert len(campaign.observations) == 5


def test_other_ranges_and_another_objective(measured, RE, motor, det):
    campaign = resume(measured, agent_of(motor, 0, 8, objectives=(Minimize("det"), Bound("det", low=-100))))
    assert len(campaign.observations) == 5
    record(RE, adaptive_scan([det], campaign, num=2))
    assert all(0 <= row.point["x"] <= 8 for row in campaign.observations[5:])


def test_refuses_what_does_not_fit(measured, motor):
    with pytest.raises(ObjectiveError, match=r"in what was measured, .*'det'.*, got 'flux'"):
        resume(measured, agent_of(motor, objectives=(Maximize("flux"),)))
    with pytest.raises(SpaceError, match=r"among those of the run, 'x', got 'y'"):
        resume(measured, SobolAgent(Space([Dof("y", 0, 1)]), (Maximize("det"),), seed=0))
    with pytest.raises(SpaceError, match=r"the unit of the run, 'mm', got 'um' for 'x'"):
        resume(measured, agent_of(motor, unit="um"))


def test_warm_start_from_what_a_search_finds(RE, tmp_path, motor, det):
    with open_store(tmp_path) as store:
        token = RE.subscribe(store)
        for sample in ("gold", "gold", "iron"):
            RE(adaptive_scan([det], agent_of(motor), num=3, md={"sample": sample}))
        RE.unsubscribe(token)
        found = store.search(sample="gold")
        campaign = warm_start(agent_of(motor), found, store)
    assert [row.run for row in campaign.observations] == [row.uid for row in found for _ in range(3)]
    start = record(RE, adaptive_scan([det], campaign, num=1))[0][1]
    assert start["autoexp"]["earlier_runs"] == {row.uid: 3 for row in found}
    assert "continues" not in start


def test_warm_start_leaves_out_what_does_not_fit(measured, motor):
    with pytest.warns(AgentWarning, match=r"is left out of the warm start: a Dof must have the unit of the run"):
        campaign = warm_start(agent_of(motor, unit="um"), [measured])
    assert not campaign.observations
    with pytest.raises(SpaceError, match="unit of the run"):
        warm_start(agent_of(motor, unit="um"), [measured], strict=True)
