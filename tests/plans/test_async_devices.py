"""The same scan with ophyd-async devices."""

import pytest
from bluesky.simulators import summarize_plan
from ophyd_async.core import StandardReadable, init_devices, soft_signal_rw
from ophyd_async.sim import SimMotor

from autoexp import Dof, Maximize, Space
from autoexp.campaign import Campaign
from autoexp.errors import LimitsError, ObjectiveError
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan


class Counter(StandardReadable):
    def __init__(self, name=""):
        with self.add_children_as_readables():
            self.value = soft_signal_rw(float, initial_value=2.0, units="1/s")
        super().__init__(name=name)


@pytest.fixture
def devices(RE):
    with init_devices():
        motor, counter = SimMotor(name="m", instant=True), Counter("det")
    return motor, counter


def test_scan(RE, devices):
    motor, counter = devices
    campaign = Campaign(SobolAgent(Space([Dof(motor, -1, 1, unit="mm")]), Maximize("det-value")))
    RE(adaptive_scan([counter], campaign, num=4))
    data = campaign.to_dataset()
    assert list(data["m"].values) == [suggestion.point["m"] for suggestion in campaign.suggestions]
    assert list(data["det-value"].values) == [2.0] * 4
    assert data["det-value"].attrs["units"] == "1/s"


def test_objective_in_no_reading(RE, devices):
    motor, counter = devices
    with pytest.raises(ObjectiveError, match=r"'det-value', 'm'.*got 'flux'"):
        RE(adaptive_scan([counter], SobolAgent(Space([Dof(motor, -1, 1)]), Maximize("flux")), num=1))


def test_summarize_plan(devices, capsys):
    motor, counter = devices
    summarize_plan(adaptive_scan([counter], SobolAgent(Space([Dof(motor, -1, 1)]), Maximize("det-value")), num=3))
    assert capsys.readouterr().out.count("m -> ") == 3


class MotorRecord(SimMotor):
    """A motor with the limit signals of ophyd-async's EPICS motor record."""

    def __init__(self, name="", dial=2.0):
        self.low_limit_travel = soft_signal_rw(float, initial_value=-2.0)
        self.high_limit_travel = soft_signal_rw(float, initial_value=2.0)
        self.dial_low_limit_travel = soft_signal_rw(float, initial_value=-dial)
        self.dial_high_limit_travel = soft_signal_rw(float, initial_value=dial)
        super().__init__(name=name, instant=True)


def test_beyond_the_motor_records_limits(RE, devices):
    with init_devices():
        motor = MotorRecord("m1")
    agent = SobolAgent(Space([Dof(motor, -1, 5, unit="mm")]), Maximize("det-value"))
    with pytest.raises(LimitsError, match=r"\(-2.0 to 2.0\), got 5.0 mm for 'm1'"):
        RE(adaptive_scan([devices[1]], agent, num=1))


def test_dial_limits_of_zero_are_no_limits(RE, devices):
    with init_devices():
        motor = MotorRecord("m1", dial=0.0)
    campaign = Campaign(SobolAgent(Space([Dof(motor, -1, 5, unit="mm")]), Maximize("det-value")))
    RE(adaptive_scan([devices[1]], campaign, num=1))
    assert len(campaign.observations) == 1
