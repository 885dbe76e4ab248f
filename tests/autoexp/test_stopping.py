import pytest

from autoexp import Dof, Maximize, Minimize, Observation, Space, Target
from autoexp.campaign import Campaign
from autoexp.errors import AutoexpError
from autoexp.records import Estimate
from autoexp.stopping import AllOf, AnyOf, BeamTime, Converged, Dose, Points, TargetReached


class Believer:
    """Believes exactly what it measured last, with a sigma of one."""

    def __init__(self, objective):
        self.space = Space([Dof("x", 0, 1)])
        self.objectives = (objective,)

    def suggest(self, n, pending):
        return []

    def ingest(self, observations):
        if observations:
            self.last = observations[-1]

    def best(self):
        return Estimate(self.last.point, dict(self.last.values), {"flux": 1.0})


def campaign(objective=None, clock=None):
    return Campaign(Believer(objective or Maximize("flux")), clock=clock or (lambda: 0.0))


def measure(campaign, *values, **fields):
    for value in values:
        campaign.ingest([Observation({"x": 0.5}, {"flux": value, **fields})])


def test_points():
    ledger = campaign()
    measure(ledger, 1.0, float("nan"))
    assert Points(2)(ledger)
    assert not Points(3)(ledger)


def test_beam_time():
    now = [0.0]
    ledger = campaign(clock=lambda: now[0])
    assert not BeamTime(60)(ledger)
    now[0] = 60.0
    assert BeamTime(60)(ledger)


def test_dose():
    ledger = campaign()
    measure(ledger, 1.0, 2.0, exposure=0.5)
    assert Dose("exposure", 1.0)(ledger)
    assert not Dose("exposure", 1.1)(ledger)
    with pytest.raises(AutoexpError, match="every reading must hold 'dose'"):
        Dose("dose", 1.0)(ledger)


@pytest.mark.parametrize(
    ("objective", "threshold", "value", "reached"),
    [
        (Maximize("flux"), 10.0, 11.1, True),
        (Maximize("flux"), 10.0, 10.9, False),
        (Minimize("flux"), 10.0, 8.9, True),
        (Minimize("flux"), 10.0, 9.1, False),
        (Target("flux", 5.0), 2.0, 5.9, True),
        (Target("flux", 5.0), 2.0, 6.1, False),
    ],
)
def test_target_reached_by_one_sigma(objective, threshold, value, reached):
    ledger = campaign(objective)
    assert not TargetReached(threshold)(ledger)
    measure(ledger, value)
    assert TargetReached(threshold)(ledger) is reached


def test_converged_when_the_answer_stands_still():
    ledger, rule = campaign(Minimize("flux")), Converged(0.1, window=2)
    verdicts = []
    for value in (5.0, 4.0, 3.0, 2.95, 2.94):
        measure(ledger, value)
        verdicts.append(rule(ledger))
    assert verdicts == [False, False, False, False, True]


def test_any_and_all():
    ledger = campaign()
    measure(ledger, 1.0)
    assert AnyOf((Points(1), Points(9)))(ledger)
    assert not AllOf((Points(1), Points(9)))(ledger)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Points(0), "count must be 1 or more, got 0"),
        (lambda: BeamTime(0), "seconds must be positive, got 0"),
        (lambda: Dose("flux", -1), "limit must be positive, got -1"),
        (lambda: Converged(-1), "tolerance must be zero or more, got -1"),
        (lambda: Converged(1, window=0), "window must be 1 or more, got 0"),
    ],
)
def test_rules_that_can_never_hold(make, message):
    with pytest.raises(AutoexpError, match=message):
        make()
