import asyncio
import itertools
import math
import threading
from collections import defaultdict

import pytest
from bluesky.plan_stubs import mv, one_nd_step
from bluesky.plans import count
from bluesky.preprocessors import baseline_wrapper, run_decorator, stub_wrapper
from bluesky.simulators import check_limits, summarize_plan
from bluesky.utils import RunEngineInterrupted
from event_model import DocumentNames, schema_validators
from ophyd.sim import SynAxis, SynSignal
from ophyd.status import Status as OphydStatus

from autoexp import Bound, Dof, Maximize, Minimize, Space
from autoexp.campaign import Campaign
from autoexp.errors import AutoexpError, LimitsError, ObjectiveError, SpaceError
from autoexp.records import Estimate, Source, Status, Suggestion, Why
from autoexp_plans import adaptive_scan


class Walk:
    """An agent that walks through a list of points and remembers what it was told."""

    def __init__(self, space, objectives, points):
        self.space = space
        self.objectives = objectives
        self._points = iter(points)
        self._count = 0
        self.seen = []
        self.threads = set()

    def suggest(self, n, pending):
        self.threads.add(threading.current_thread())
        found = []
        for _ in range(n):
            point = next(self._points, None)
            if point is not None:
                self._count += 1
                found.append(
                    Suggestion(f"{self._count:04d}", point, Why(Source.AGENT, "walk", score=float(self._count)))
                )
        return found

    def ingest(self, observations):
        self.seen.extend(observations)

    def best(self):
        name = self.objectives[0].name
        best = max((row for row in self.seen if row.status is Status.OK), key=lambda row: row.values[name])
        return Estimate(best.point, {name: best.values[name]}, {name: 0.1})


class LimitedAxis(SynAxis):
    limits = (-10.0, 10.0)

    def check_value(self, value):
        if not self.limits[0] <= value <= self.limits[1]:
            raise ValueError(f"{value} beyond {self.limits}")


@pytest.fixture
def motor():
    return LimitedAxis(name="x", readback_func=lambda position: position + 0.25)


@pytest.fixture
def det(motor):
    return SynSignal(func=lambda: 100.0 - motor.readback.get() ** 2, name="det")


def walk(motor, det, points=(-2.0, 0.0, 3.0), objectives=None):
    space = Space([Dof(motor, -5, 5, unit="mm")])
    return Walk(space, objectives or (Maximize("det"),), [{"x": point} for point in points])


@pytest.fixture
def documents():
    return defaultdict(list)


@pytest.fixture
def subscribed(RE, documents):
    RE.subscribe(lambda name, doc: documents[name].append(doc))
    return RE


def events(documents, stream):
    uids = {doc["uid"] for doc in documents["descriptor"] if doc["name"] == stream}
    last = {doc["seq_num"]: doc["data"] for doc in documents["event"] if doc["descriptor"] in uids}
    return [last[number] for number in sorted(last)]


def test_agent_learns_read_back_positions_and_values(RE, motor, det):
    agent = walk(motor, det)
    RE(adaptive_scan([det], agent, num=3))
    assert [row.point["x"] for row in agent.seen] == [-1.75, 0.25, 3.25]
    assert [row.values["det"] for row in agent.seen] == [100 - x**2 for x in (-1.75, 0.25, 3.25)]
    assert [row.suggestion_id for row in agent.seen] == ["0001", "0002", "0003"]


def test_one_run_with_a_point_and_a_decision_each(subscribed, documents, motor, det):
    subscribed(adaptive_scan([det], walk(motor, det), num=3, md={"sample": "gold"}))
    assert len(documents["start"]) == 1
    assert documents["start"][0]["sample"] == "gold"
    assert documents["start"][0]["autoexp"]["space"][0]["low"] == -5
    assert [event["suggestion_id"] for event in events(documents, "primary")] == ["0001", "0002", "0003"]
    decisions = events(documents, "decisions")
    assert [decision["suggested_x"] for decision in decisions] == [-2.0, 0.0, 3.0]
    assert [decision["score"] for decision in decisions] == [1.0, 2.0, 3.0]
    assert documents["stop"][0]["num_events"] == {"primary": 3, "decisions": 3}


def test_documents_validate(subscribed, documents, motor, det):
    subscribed(adaptive_scan([det], walk(motor, det, objectives=(Maximize("det"), Bound("det", low=0))), num=2))
    for name in ("start", "descriptor", "event", "stop"):
        assert documents[name]
        for document in documents[name]:
            schema_validators[DocumentNames[name]].validate(document)


def test_agent_thinks_off_the_run_engines_thread(RE, motor, det):
    agent = walk(motor, det)
    threads = set()
    det.sim_set_func(lambda: threads.add(threading.current_thread()) or 1.0)
    RE(adaptive_scan([det], agent, num=3))
    assert agent.threads
    assert not agent.threads & threads


def test_returns_the_campaign(make_run_engine, motor, det):
    engine = make_run_engine(call_returns_result=True)
    campaign = Campaign(walk(motor, det))
    assert engine(adaptive_scan([det], campaign, num=2)).plan_result is campaign
    assert len(campaign.observations) == 2
    assert campaign.to_dataset()["x"].attrs["units"] == "mm"


def test_a_campaign_goes_on_in_a_second_scan(RE, motor, det):
    campaign = Campaign(walk(motor, det, points=range(5)))
    RE(adaptive_scan([det], campaign, num=2))
    RE(adaptive_scan([det], campaign, num=2))
    assert [row.suggestion_id for row in campaign.observations] == ["0001", "0002", "0003", "0004"]


def test_ends_when_the_agent_has_no_more(RE, motor, det):
    agent = walk(motor, det)
    RE(adaptive_scan([det], agent))
    assert len(agent.seen) == 3


def test_until_a_rule(RE, motor, det):
    agent = walk(motor, det, points=range(5))

    def dim(campaign):
        return any(row.values["det"] < 95 for row in campaign.observations)

    RE(adaptive_scan([det], agent, until=dim))
    assert len(agent.seen) == 3


@pytest.mark.parametrize("name", ["I", "det", "sum", "gamma", "E", "x y"])
def test_any_objective_name(RE, motor, name):
    detector = SynSignal(func=lambda: 2.0, name=name)
    agent = walk(motor, detector, objectives=(Minimize(name),))
    RE(adaptive_scan([detector], agent, num=1))
    assert agent.seen[0].values[name] == 2.0


def test_sigma_comes_from_the_field_beside(RE, motor):
    detector, sigma = SynSignal(func=lambda: 2.0, name="flux"), SynSignal(func=lambda: 0.5, name="flux_sigma")
    agent = walk(motor, detector, objectives=(Maximize("flux"),))
    RE(adaptive_scan([detector, sigma], agent, num=1))
    assert agent.seen[0].sigmas == {"flux": 0.5}
    assert "flux_sigma" not in agent.seen[0].values


class TestRefusedBeforeAnythingMoves:
    @pytest.fixture(autouse=True)
    def _nothing_moves(self, motor):
        before = motor.setpoint.get()
        yield
        assert motor.setpoint.get() == before

    def test_beyond_soft_limits(self, RE, motor, det):
        agent = Walk(Space([Dof(motor, -5, 50, unit="mm")]), (Maximize("det"),), [{"x": 1.0}])
        with pytest.raises(LimitsError, match=r"limits \(-10.0 to 10.0\), got 50.0 mm for 'x'"):
            RE(adaptive_scan([det], agent, num=1))

    def test_objective_in_no_reading(self, RE, motor, det):
        with pytest.raises(ObjectiveError, match=r"'det'.*got 'flux'"):
            RE(adaptive_scan([det], walk(motor, det, objectives=(Maximize("flux"),)), num=1))

    def test_dof_without_device(self, RE, det):
        agent = Walk(Space([Dof("x", 0, 1)]), (Maximize("det"),), [{"x": 0.5}])
        with pytest.raises(SpaceError, match="device to move, got 'x'"):
            RE(adaptive_scan([det], agent, num=1))

    def test_no_detector(self, RE, motor, det):
        with pytest.raises(AutoexpError, match="at least one detector"):
            RE(adaptive_scan([], walk(motor, det), num=1))

    def test_num_below_one(self, RE, motor, det):
        with pytest.raises(AutoexpError, match="num must be 1 or more, got 0"):
            RE(adaptive_scan([det], walk(motor, det), num=0))

    def test_a_point_outside_the_space(self, RE, motor, det):
        with pytest.raises(AutoexpError, match=r"'x' must lie in -5 to 5 mm, got 7\.0"):
            RE(adaptive_scan([det], walk(motor, det, points=[7.0]), num=1))


class TestBadReadings:
    def test_nan_fails_and_is_retried(self, RE, motor, det):
        values = iter([math.nan, 5.0, 6.0, 7.0])
        det.sim_set_func(lambda: next(values))
        campaign = Campaign(walk(motor, det))
        RE(adaptive_scan([det], campaign, num=4))
        assert [row.status for row in campaign.observations] == [Status.FAILED, Status.OK, Status.OK, Status.OK]
        assert campaign.observations[1].point == campaign.observations[0].point
        assert campaign.suggestions[1].why.source is Source.RETRY

    def test_detector_that_raises(self, subscribed, documents, motor, det):
        calls = iter([RuntimeError("no trigger"), None, None, None])

        def trigger():
            error = next(calls)
            if error:
                raise error
            return SynSignal.trigger(det)

        det.trigger = trigger
        campaign = Campaign(walk(motor, det), on_failure="skip")
        subscribed(adaptive_scan([det], campaign, num=3))
        assert [row.status for row in campaign.observations] == [Status.FAILED, Status.OK, Status.OK]
        assert campaign.observations[0].reason == "RuntimeError: no trigger"
        assert events(documents, "failures")[0]["reason"] == "RuntimeError: no trigger"
        assert documents["stop"][0]["exit_status"] == "success"

    def test_status_that_fails(self, RE, motor, det):
        def trigger():
            status = OphydStatus()
            status.set_exception(RuntimeError("no beam"))
            return status

        good, det.trigger = det.trigger, trigger
        campaign = Campaign(walk(motor, det), on_failure="skip")

        def until(campaign):
            det.trigger = good if campaign.observations else trigger
            return len(campaign.observations) >= 3

        RE(adaptive_scan([det], campaign, until=until))
        assert [row.status for row in campaign.observations] == [Status.FAILED, Status.OK, Status.OK]
        assert campaign.observations[0].reason == "RuntimeError: no beam"

    def test_stop_policy(self, RE, motor, det):
        det.sim_set_func(lambda: math.nan)
        campaign = Campaign(walk(motor, det), on_failure="stop")
        RE(adaptive_scan([det], campaign, num=3))
        assert len(campaign.observations) == 1

    def test_implausible_is_suspect(self, RE, motor, det):
        campaign = Campaign(walk(motor, det), plausible=[Bound("det", low=95)])
        RE(adaptive_scan([det], campaign, num=3))
        assert [row.status for row in campaign.observations] == [Status.OK, Status.OK, Status.SUSPECT]


class TestPlansAround:
    def test_summarize_plan(self, motor, det, capsys):
        agent = walk(motor, det)
        summarize_plan(adaptive_scan([det], agent, num=4))
        printed = capsys.readouterr().out
        assert printed.count("x -> ") == 4
        assert agent.seen == []
        assert agent.threads == set()

    def test_check_limits_visits_the_extremes(self, RE, motor, det):
        check_limits(adaptive_scan([det], walk(motor, det), num=2))
        narrow = Walk(Space([Dof(motor, -5, 50)]), (Maximize("det"),), [])
        with pytest.raises(LimitsError):
            check_limits(adaptive_scan([det], narrow, num=2))

    def test_inside_another_plan(self, subscribed, documents, motor, det):
        def day():
            yield from count([det])
            campaign = yield from adaptive_scan([det], walk(motor, det), num=2)
            yield from mv(motor, campaign.best().point["x"])

        subscribed(day())
        assert len(documents["start"]) == 2
        assert motor.setpoint.get() == 0.25

    def test_under_a_baseline(self, subscribed, documents, motor, det):
        subscribed(baseline_wrapper(adaptive_scan([det], walk(motor, det), num=2), [motor]))
        assert {"primary", "decisions", "baseline"} == {doc["name"] for doc in documents["descriptor"]}

    def test_as_a_stub_in_somebody_elses_run(self, subscribed, documents, motor, det):
        agent = walk(motor, det)
        subscribed(run_decorator()(lambda: stub_wrapper(adaptive_scan([det], agent, num=3)))())
        assert len(documents["start"]) == 1
        assert len(agent.seen) == 3

    def test_own_per_point(self, RE, motor, det):
        def twice(detectors, step, positions):
            yield from one_nd_step(detectors, step, positions)
            yield from one_nd_step(detectors, step, positions)

        agent = walk(motor, det)
        RE(adaptive_scan([det], agent, num=4, per_point=twice))
        assert [row.suggestion_id for row in agent.seen] == ["0001", "0001", "0002", "0002"]


def pause_at(engine, message):
    """Ask for a pause at the n-th message; return the count of messages so far."""
    counter = itertools.count()
    passed = []

    def hook(msg):
        passed.append(msg)
        if next(counter) == message:
            asyncio.run_coroutine_threadsafe(engine._request_pause_coro(), engine.loop)

    engine.msg_hook = hook
    return passed


@pytest.mark.parametrize("message", range(0, 100, 3))
def test_pause_and_resume_in_every_phase(subscribed, documents, motor, det, message):
    """Pause at the n-th message of the scan, whatever it is, and resume: nothing is lost or learned twice."""
    agent = walk(motor, det)
    passed = pause_at(subscribed, message)
    try:
        subscribed(adaptive_scan([det], agent, num=3))
    except RunEngineInterrupted:
        if subscribed.state == "paused":
            subscribed.resume()
        else:
            assert message == len(passed) - 1, "only a pause at the last message comes too late"
    else:
        assert len(passed) <= message + 1
    assert [row.suggestion_id for row in agent.seen] == ["0001", "0002", "0003"]
    assert [row.point["x"] for row in agent.seen] == [-1.75, 0.25, 3.25]
    assert [event["suggestion_id"] for event in events(documents, "primary")] == ["0001", "0002", "0003"]
    assert [event["suggestion_id"] for event in events(documents, "decisions")] == ["0001", "0002", "0003"]
    assert documents["stop"][-1]["exit_status"] == "success"


class Slow(Walk):
    """An agent whose second thought takes as long as it is made to."""

    def __init__(self, *args):
        super().__init__(*args)
        self.thinks = threading.Event()
        self.may_go_on = threading.Event()

    def suggest(self, n, pending):
        if self.seen:
            self.thinks.set()
            assert self.may_go_on.wait(30)
        return super().suggest(n, pending)


@pytest.fixture
def slow(motor):
    return Slow(Space([Dof(motor, -5, 5)]), (Maximize("det"),), [{"x": float(x)} for x in range(3)])


def when_it_thinks(agent, act):
    thread = threading.Thread(target=lambda: agent.thinks.wait(30) and act())
    thread.start()
    return thread


def test_a_pause_does_not_wait_for_the_agent(RE, det, slow):
    thread = when_it_thinks(slow, RE.request_pause)
    with pytest.raises(RunEngineInterrupted):
        RE(adaptive_scan([det], slow, num=3))
    thread.join()
    assert RE.state == "paused"
    assert not slow.may_go_on.is_set()
    slow.may_go_on.set()
    RE.resume()
    assert len(slow.seen) == 3


@pytest.mark.parametrize("end", ["abort", "stop", "halt"])
def test_what_was_measured_survives(RE, det, slow, end):
    campaign = Campaign(slow)
    thread = when_it_thinks(slow, RE.request_pause)
    with pytest.raises(RunEngineInterrupted):
        RE(adaptive_scan([det], campaign, num=3))
    thread.join()
    slow.may_go_on.set()
    getattr(RE, end)()
    campaign.close()
    assert [row.suggestion_id for row in campaign.observations] == ["0001"]
    assert campaign.pending == ()
