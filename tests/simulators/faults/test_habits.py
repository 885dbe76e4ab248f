import pytest

from autoexp.errors import PluginError
from autoexp_simulators import mirrors_beamline
from autoexp_simulators.faults import Backlash, BeamDamage, Habits, Saturation

DEVICES = {"x": "motor", "y": "motor", "camera": "detector"}


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Backlash(0.2, device="z"), r"^Backlash must name a motor \('x', 'y'\), got 'z'$"),
        (Saturation(9, device="x"), r"^Saturation must name a detector \('camera'\), got 'x'$"),
        (BeamDamage(1.0, motors=("x", "z")), r"^BeamDamage must name a motor \('x', 'y'\), got 'z'$"),
        (BeamDamage(1.0, motors=("camera",)), r"^BeamDamage must name a motor \('x', 'y'\), got 'camera'$"),
    ],
)
def test_a_device_that_is_not_there(fault, text):
    with pytest.raises(PluginError, match=text):
        Habits([fault], DEVICES)


def test_devices_that_are_there():
    habits = Habits([Backlash(0.2, device="x"), BeamDamage(1.0, motors=("x", "y"))], DEVICES)
    assert len(habits.of("motor", "x")) == len(habits.of("sample", "sample")) == 1
    assert habits.of("motor", "y") == ()


def test_a_beamline_refuses_damage_along_a_motor_that_it_has_not():
    with pytest.raises(PluginError, match=r"^BeamDamage must name a motor \('v_pitch', .*\), got 'sampel_x'$"):
        mirrors_beamline(faults=[BeamDamage(1.0, motors=("sampel_x",))])
