"""Self-driving scans at beamlines with bad habits."""

import bluesky.plan_stubs as bps
import pytest
from bluesky.plans import count
from bluesky.suspenders import SuspendFloor

from autoexp import Minimize, Space
from autoexp.campaign import Campaign
from autoexp.objectives import Bound
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.faults import BeamDump, FailedTriggers, LostTriggers, Outliers


def statuses(campaign):
    return [str(observation.status) for observation in campaign.observations]


def agent(beamline):
    return SobolAgent(Space(list(beamline.dofs)), [Minimize("spot_size")], seed=0)


def test_a_trigger_that_fails_is_measured_again(RE):
    beamline = mirrors_beamline(faults=[FailedTriggers(at=(1,))])
    campaign = Campaign(agent(beamline), on_failure="retry")
    RE(adaptive_scan(beamline.detectors(), campaign, num=5))
    assert statuses(campaign) == ["ok", "failed", "ok", "ok", "ok"]
    assert [item.fault for item in beamline.happenings] == ["FailedTriggers"]
    assert campaign.observations[1].reason.startswith("SimulatedFaultError: a trigger was told to fail")


def test_a_trigger_that_never_returns_runs_into_the_timeout(RE):
    def patient(detectors, step, cache):
        yield from bps.move_per_step(step, cache)
        yield from bps.trigger(detectors[0], group="exposure")
        yield from bps.wait("exposure", timeout=5.0)
        yield from bps.create("primary")
        for device in (*detectors, *step):
            yield from bps.read(device)
        yield from bps.save()

    beamline = mirrors_beamline(faults=[LostTriggers(at=(2,))])
    campaign = Campaign(agent(beamline), on_failure="skip")
    RE(adaptive_scan(beamline.detectors(), campaign, num=4, per_point=patient))
    assert statuses(campaign) == ["ok", "ok", "failed", "ok"]


def test_outliers_are_not_believed(RE):
    beamline = mirrors_beamline(faults=[Outliers(0.3)], seed=3)
    bounds = [Bound("spot_sum", low=1e5)]
    campaign = Campaign(agent(beamline), on_failure="skip", plausible=bounds)
    RE(adaptive_scan(beamline.detectors(), campaign, num=12))
    bad = [number for number, status in enumerate(statuses(campaign)) if status != "ok"]
    assert len(bad) == len(beamline.happenings) > 0


def test_a_plan_waits_for_the_beam(RE):
    def with_beam(detectors, step, cache):
        yield from bps.move_per_step(step, cache)
        yield from bps.trigger(beamline.ring_current, wait=True)
        yield from bps.trigger_and_read([*detectors, beamline.ring_current, *step])

    beamline = mirrors_beamline(faults=[BeamDump(600.0, start=10.0)])
    campaign = Campaign(agent(beamline))
    read = []

    def keep(name, document):
        if name == "event" and "ring_current" in document["data"]:
            read.append(document["data"]["ring_current"])

    RE(adaptive_scan(beamline.detectors(), campaign, num=6, per_point=with_beam), keep)
    assert statuses(campaign) == ["ok"] * 6
    assert read == [400.0] * 6
    assert beamline.clock.now() > 610.0
    assert [(item.time, item.fault) for item in beamline.happenings] == [(10.0, "BeamDump")]


def test_a_suspender_holds_the_plan_while_the_beam_is_off(RE):
    beamline = mirrors_beamline(speed=10.0, faults=[BeamDump(5.0, start=2.0)])
    began = beamline.clock.now()
    RE.install_suspender(SuspendFloor(beamline.ring_current, 200.0, sleep=0))
    totals = []

    def keep(name, document):
        if name == "event":
            totals.append(document["data"]["spot_sum"])

    RE(count(beamline.detectors(), num=20, delay=0.02), keep)
    RE.clear_suspenders()
    assert began < 2.0
    assert beamline.clock.now() > 7.0
    assert len(totals) == 20
    assert [item.fault for item in beamline.happenings] == ["BeamDump"]


def test_without_faults_nothing_happens(RE):
    beamline = mirrors_beamline()
    RE(count(beamline.detectors(), 2))
    assert beamline.happenings == []
    assert beamline.ring_current.describe()["ring_current"]["units"] == "mA"
    assert beamline.ring_current.get() == pytest.approx(400.0)
