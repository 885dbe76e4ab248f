import math

import numpy as np
import pytest

from autoexp.errors import AutoexpError
from autoexp_simulators import faults
from autoexp_simulators.faults import (
    Backlash,
    BadPixels,
    BeamDamage,
    BeamDump,
    Decay,
    DroppedFrames,
    FailedTriggers,
    Hysteresis,
    LateTriggers,
    LostTriggers,
    Outliers,
    PositionDrift,
    ReadbackLag,
    ReadbackOffset,
    Saturation,
    SettlingDrift,
    Vibration,
)
from autoexp_simulators.faults.parse import parse_fault

GOOD = {
    Backlash: {"gap": 0.0},
    BadPixels: {"hot": 0.7, "dead": 0.3, "value": 0},
    BeamDamage: {"critical": 1.0, "motors": ["x"], "spot": 1},
    BeamDump: {"length": 1.0, "start": -0.5, "between": 1.0},
    Decay: {"lifetime": 1.0, "top_up": 1.0},
    DroppedFrames: {"chance": 1.0},
    FailedTriggers: {"chance": 0, "at": (0, np.int64(3))},
    Hysteresis: {"share": 1.0, "reach": 0.0, "plays": 1},
    LateTriggers: {"delay": 0.0, "chance": 1.0},
    LostTriggers: {"chance": 0.0, "at": [2]},
    Outliers: {"chance": np.float64(0.5)},
    PositionDrift: {"rate": 0.0},
    ReadbackLag: {"tau": 0.1},
    ReadbackOffset: {"offset": -1.0},
    Saturation: {"level": 1},
    SettlingDrift: {"share": 0.0, "tau": 1.0},
    Vibration: {"amplitude": 0.0, "frequency": 1.0},
}
POSITIVE = (0.0, -1.0, math.inf, math.nan, "1", None)
NOT_NEGATIVE = (-0.1, math.inf, math.nan, "1", None)
SHARE = (-0.1, 1.1, math.nan, "1", None)
COUNTED = (1, (-1,), (0.5,), "1")
RULES = {
    "must be positive and finite": {
        (BeamDamage, "critical"): POSITIVE,
        (BeamDamage, "spot"): POSITIVE,
        (BeamDump, "between"): (0.0, -1.0, math.nan),
        (BeamDump, "length"): POSITIVE,
        (Decay, "lifetime"): POSITIVE,
        (Decay, "top_up"): POSITIVE,
        (ReadbackLag, "tau"): POSITIVE,
        (SettlingDrift, "tau"): POSITIVE,
        (Vibration, "frequency"): POSITIVE,
    },
    "must be zero or more, and finite": {
        (Backlash, "gap"): NOT_NEGATIVE,
        (Hysteresis, "reach"): NOT_NEGATIVE,
        (LateTriggers, "delay"): NOT_NEGATIVE,
        (PositionDrift, "rate"): NOT_NEGATIVE,
        (Vibration, "amplitude"): NOT_NEGATIVE,
    },
    "must be a finite number": {
        (BeamDump, "start"): (math.inf, math.nan, "1"),
        (ReadbackOffset, "offset"): (math.inf, math.nan, "1", None),
    },
    "must be from 0 to 1": {
        (BadPixels, "dead"): SHARE,
        (BadPixels, "hot"): SHARE,
        (DroppedFrames, "chance"): SHARE,
        (FailedTriggers, "chance"): SHARE,
        (Hysteresis, "share"): SHARE,
        (LateTriggers, "chance"): SHARE,
        (LostTriggers, "chance"): SHARE,
        (Outliers, "chance"): (7.0, *SHARE),
        (SettlingDrift, "share"): SHARE,
    },
    "must be a whole number of 0 or more": {(BadPixels, "value"): (-5, 0.5, math.nan, "1")},
    "must be a whole number of 1 or more": {
        (Hysteresis, "plays"): (0, 2.5),
        (Saturation, "level"): (0, -1, 6e4, "1"),
    },
    "must be a tuple of whole numbers of 0 or more": {
        (FailedTriggers, "at"): COUNTED,
        (LostTriggers, "at"): COUNTED,
    },
    "must be a tuple of names": {(BeamDamage, "motors"): ("sample_x", (1,), None)},
}
CASES = [
    pytest.param(fault, name, value, rule, id=f"{fault.__name__}-{name}-{value}")
    for rule, settings in RULES.items()
    for (fault, name), values in settings.items()
    for value in values
]


@pytest.mark.parametrize(("fault", "name", "value", "rule"), CASES)
def test_a_setting_that_breaks_its_rule(fault, name, value, rule):
    with pytest.raises(AutoexpError) as caught:
        fault(**{**GOOD[fault], name: value})
    assert str(caught.value) == f"{name} {rule}, got {value!r} for {fault.__name__}"


@pytest.mark.parametrize("fault", GOOD)
def test_settings_at_the_edge_of_their_rules(fault):
    assert fault(**GOOD[fault]).acts_on


def test_every_setting_of_every_fault_has_a_rule():
    assert {fault.__name__ for fault in GOOD} == set(faults.__all__) - {"Habits"}
    ruled = {case for settings in RULES.values() for case in settings}
    assert ruled == {(fault, name) for fault, settings in GOOD.items() for name in settings}


def test_no_more_bad_pixels_than_pixels():
    with pytest.raises(AutoexpError, match=r"^hot and dead must be at most 1 together, got hot=0\.8, dead=0\.8"):
        BadPixels(hot=0.8, dead=0.8)


def test_a_dump_that_never_begins():
    with pytest.raises(AutoexpError, match=r"^start must be given where between is infinite, got None for BeamDump$"):
        BeamDump(60.0)


def test_words_keep_the_rules_too():
    with pytest.raises(AutoexpError, match=r"^chance must be from 0 to 1, got 7\.0 for Outliers$"):
        parse_fault("Outliers(7.0)")
