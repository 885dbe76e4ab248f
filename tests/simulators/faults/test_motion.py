import math

import bluesky.plan_stubs as bps
import numpy as np
import pytest

from autoexp.errors import PluginError
from autoexp_simulators import Axis, MotorSpec, SimulatedClock, SimulatedMotor
from autoexp_simulators.faults import (
    Backlash,
    Habits,
    Hysteresis,
    ReadbackLag,
    ReadbackOffset,
    SettlingDrift,
    Vibration,
)


def build(*faults, **settings):
    clock = SimulatedClock()
    habits = Habits(faults, {"m": "motor"}, 0)
    spec = MotorSpec("m", (-10, 10), "mm", **{"velocity": 2.0, **settings})
    return SimulatedMotor(Axis(spec, 0, habits.of("motor", "m")), clock=clock), clock, habits.happenings


def after(RE, motor, *targets):
    for target in targets:
        RE(bps.mv(motor, target))
    return motor.position


def test_backlash_is_the_gap_between_both_ways(RE):
    motor, _, happened = build(Backlash(0.2))
    up, down = after(RE, motor, 0.0, 5.0), after(RE, motor, 8.0, 5.0)
    assert (up, down) == (pytest.approx(4.9), pytest.approx(5.1))
    assert {item.fault for item in happened} == {"Backlash"}
    assert after(RE, motor, 5.05) == pytest.approx(down), "a move within the gap moves nothing"


def test_hysteresis_loops_are_closed_and_have_its_share(RE):
    motor, _, happened = build(Hysteresis(share=0.1, reach=2.0))
    up = after(RE, motor, -9.0, 0.0)
    down = after(RE, motor, 9.0, 0.0)
    again = after(RE, motor, -9.0, 0.0)
    assert down - up == pytest.approx(0.1 * 2.0 * np.mean([0.2, 0.4, 0.6, 0.8, 1.0]))
    assert again == pytest.approx(up)
    assert happened


def test_an_offset_is_read_but_not_true(RE):
    motor, _, happened = build(ReadbackOffset(0.3))
    assert after(RE, motor, 5.0) == pytest.approx(5.0)
    assert motor.read()["m"]["value"] == pytest.approx(5.3)
    assert [(item.device, item.fault) for item in happened] == [("m", "ReadbackOffset")]


def test_a_lagging_readback_is_that_of_a_low_pass_behind_a_ramp(RE):
    motor, clock, happened = build(ReadbackLag(0.5))
    RE(bps.mv(motor, 5.0))
    steps, filtered = 20_000, 0.0
    for moment in np.linspace(0.0, 2.5, steps, endpoint=False):
        filtered += (2.0 * moment - filtered) * (2.5 / steps) / 0.5
    assert motor.read()["m"]["value"] == pytest.approx(filtered, abs=1e-3)
    clock.spend(0.5, lambda span: None)
    assert motor.read()["m"]["value"] == pytest.approx(5.0 - (5.0 - filtered) / math.e, abs=1e-3)
    assert motor.position == pytest.approx(5.0)
    assert happened[0].time == pytest.approx(2.5)


def test_settling_creeps_to_the_target(RE):
    motor, clock, happened = build(SettlingDrift(0.01, 10.0))
    assert after(RE, motor, 5.0) == pytest.approx(4.95)
    clock.spend(100.0, lambda span: None)
    assert motor.position == pytest.approx(5.0, abs=1e-5)
    assert len(happened) == 1


def test_vibration_has_its_amplitude_and_frequency(RE):
    motor, clock, happened = build(Vibration(0.02, 0.25))
    seen = []
    for _ in range(40):
        clock.spend(0.1, lambda span: None)
        seen.append(motor.position)
    assert np.std(seen) == pytest.approx(0.02 / math.sqrt(2.0), rel=1e-6)
    assert np.argmax(np.abs(np.fft.rfft(seen))) == 1, "one period in four seconds"
    assert len(happened) == 1


def test_faults_add_up_and_only_on_the_named_device(RE):
    habits = Habits([Backlash(0.2, device="other"), ReadbackOffset(0.3)], {"m": "motor", "other": "motor"}, 0)
    assert len(habits.of("motor", "m")) == 1
    assert len(habits.of("motor", "other")) == 2


def test_a_fault_of_a_device_that_is_not_there():
    with pytest.raises(PluginError, match="Backlash must name a motor \\('m'\\), got 'n'"):
        build(Backlash(0.2, device="n"))
