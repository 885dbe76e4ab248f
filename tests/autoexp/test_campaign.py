import math
import threading

import pytest

from autoexp import Bound, Dof, Maximize, Observation, Source, Space, Status, Suggestion
from autoexp.campaign import Campaign
from autoexp.errors import AutoexpError, PointError
from autoexp.flags import Flags
from autoexp.records import Estimate


class Counter:
    """Suggests 0, 1, 2, ... and believes in what it saw last."""

    def __init__(self):
        self.space = Space([Dof("x", 0, 100, unit="mm")])
        self.objectives = (Maximize("flux"),)
        self.seen = []
        self.asked = 0
        self.prepared = threading.Event()

    def suggest(self, n, pending):
        found = [Suggestion(str(self.asked + index), {"x": float(self.asked + index)}) for index in range(n)]
        self.asked += n
        return found

    def ingest(self, observations):
        self.seen.extend(observations)

    def best(self):
        last = self.seen[-1]
        return Estimate(last.point, {"flux": last.values["flux"]}, {"flux": 0.5})

    def prepare(self, pending):
        self.pending_when_prepared = tuple(pending)
        self.prepared.set()


@pytest.fixture
def campaign():
    campaign = Campaign(Counter(), clock=iter(range(1000)).__next__)
    yield campaign
    campaign.close()


def answer(suggestion, value=1.0, **more):
    return Observation(suggestion.point, {"flux": value}, suggestion_id=suggestion.id, **more)


def test_a_suggestion_is_pending_until_it_is_answered(campaign):
    first, second = campaign.suggest(2)
    assert campaign.pending == (first, second)
    campaign.ingest([answer(first)])
    assert campaign.pending == (second,)


def test_an_answer_to_nothing_is_refused_and_changes_nothing(campaign):
    with pytest.raises(AutoexpError, match="got id 'nobody'"):
        campaign.ingest([Observation({"x": 1.0}, {"flux": 1.0}, suggestion_id="nobody")])
    assert campaign.observations == ()


def test_a_point_that_nobody_suggested_is_learned(campaign):
    campaign.ingest([Observation({"x": 7.0}, {"flux": 1.0})])
    assert campaign.agent.seen[0].point == {"x": 7.0}


def test_a_person_goes_first(campaign):
    mine = campaign.propose({"x": 42})
    assert mine.why.source is Source.PERSON
    assert [suggestion.point["x"] for suggestion in campaign.suggest(2)] == [42.0, 0.0]


def test_a_persons_point_outside_the_space_is_refused(campaign):
    with pytest.raises(PointError, match="'x' must lie in 0 to 100 mm, got 101"):
        campaign.propose({"x": 101})
    assert campaign.suggest()[0].point == {"x": 0.0}


def test_an_agents_point_outside_the_space_is_refused(campaign):
    campaign.agent.asked = 200
    with pytest.raises(PointError, match=r"got 200\.0"):
        campaign.suggest()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_finite_is_failed(campaign, value):
    (suggestion,) = campaign.suggest()
    (row,) = campaign.ingest([answer(suggestion, value)])
    assert row.status is Status.FAILED
    assert row.reason == f"'flux' must be finite, got {value}"


def test_missing_is_failed(campaign):
    (row,) = campaign.ingest([Observation({"x": 1.0}, {"other": 1.0})])
    assert row.status is Status.FAILED


@pytest.mark.parametrize("sigma", [math.nan, 0.0, -1.0, math.inf])
def test_a_sigma_that_is_none_is_dropped(campaign, sigma):
    (row,) = campaign.ingest([Observation({"x": 1.0}, {"flux": 1.0}, {"flux": sigma})])
    assert row.status is Status.OK
    assert row.sigmas == {}


def test_retry_as_often_as_the_policy_says():
    campaign = Campaign(Counter(), on_failure="retry")
    (first,) = campaign.suggest()
    campaign.ingest([answer(first, math.nan)])
    (again,) = campaign.suggest()
    assert (again.point, again.why.source) == (first.point, Source.RETRY)
    campaign.ingest([answer(again, math.nan)])
    assert campaign.suggest()[0].point == {"x": 1.0}


def test_skip():
    campaign = Campaign(Counter(), on_failure="skip")
    (first,) = campaign.suggest()
    campaign.ingest([answer(first, math.nan)])
    assert campaign.suggest()[0].point == {"x": 1.0}


def test_stop():
    campaign = Campaign(Counter(), on_failure="stop")
    (first,) = campaign.suggest()
    decision = campaign.decide([answer(first, math.nan)], None)
    assert decision.suggestions == ()
    assert "'flux' must be finite" in decision.stop


def test_suspect_is_kept_and_marked():
    campaign = Campaign(Counter(), plausible=[Bound("flux", low=0)])
    (row,) = campaign.ingest([Observation({"x": 1.0}, {"flux": -1.0})])
    assert row.status is Status.SUSPECT
    assert row.values == {"flux": -1.0}
    assert campaign.agent.seen == [row]


@pytest.mark.parametrize(("flags", "status"), [(Flags.CLIPPED, Status.SUSPECT), (Flags.MASKED, Status.OK)])
def test_what_the_reducer_would_not_have_believed_is_suspect(flags, status):
    agent = Counter()
    agent.objectives = (Maximize("spot_size"),)
    values = {"spot_size": 3.0, "spot_flags": float(flags), "other_flags": float(Flags.SATURATED)}
    (row,) = Campaign(agent).ingest([Observation({"x": 1.0}, values)])
    assert row.status is status


def test_best_is_asked_once_per_observation(campaign):
    campaign.ingest([Observation({"x": 1.0}, {"flux": 3.0})])
    assert campaign.best() is campaign.best()
    assert campaign.estimates == {1: campaign.best()}


def test_thinks_ahead_about_what_is_pending(campaign):
    (suggestion,) = campaign.suggest()
    campaign.submit_preparation()
    assert campaign.agent.prepared.wait(10)
    assert campaign.agent.pending_when_prepared == (suggestion,)


def test_inline_does_not_think_ahead():
    campaign = Campaign(Counter(), think="inline")
    campaign.suggest()
    campaign.submit_preparation()
    campaign.close()
    assert not campaign.agent.prepared.is_set()


@pytest.mark.parametrize("settings", [{"think": "never"}])
def test_settings_that_are_none(settings):
    with pytest.raises(AutoexpError, match="got 'never'"):
        Campaign(Counter(), **settings)


def test_dataset_has_units_status_and_source(campaign):
    campaign.units = {**campaign.units, "flux": "1/s"}
    (first,) = campaign.suggest()
    campaign.ingest([answer(first, 2.0, sigmas={"flux": 0.1}, time=3.0)])
    campaign.ingest([Observation({"x": 9.0}, {"flux": math.nan}, time=4.0)])
    data = campaign.to_dataset()
    assert data.x.attrs["units"] == "mm"
    assert data.flux.attrs["units"] == "1/s"
    assert list(data.x.values) == [0.0, 9.0]
    assert list(data.status.values) == ["ok", "failed"]
    assert list(data.source.values) == ["agent", ""]
    assert data.flux_sigma.values[0] == 0.1
    assert math.isnan(data.flux_sigma.values[1])
    assert list(data.time.values) == [3.0, 4.0]


def test_beam_time_counts_from_the_first_look(campaign):
    assert campaign.beam_time > 0
    assert campaign.beam_time > 1
