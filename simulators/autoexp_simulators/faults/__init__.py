"""The beamline's bad habits: settings, each with a seeded generator, composed by ``faults=[...]``."""

from autoexp_simulators.faults.beam import BeamDump, Decay, PositionDrift
from autoexp_simulators.faults.detection import (
    BadPixels,
    DroppedFrames,
    FailedTriggers,
    LateTriggers,
    LostTriggers,
    Saturation,
)
from autoexp_simulators.faults.habits import Habits
from autoexp_simulators.faults.motion import Backlash, Hysteresis, ReadbackLag, ReadbackOffset, SettlingDrift, Vibration
from autoexp_simulators.faults.sample import BeamDamage, Outliers

__all__ = [
    "Backlash",
    "BadPixels",
    "BeamDamage",
    "BeamDump",
    "Decay",
    "DroppedFrames",
    "FailedTriggers",
    "Habits",
    "Hysteresis",
    "LateTriggers",
    "LostTriggers",
    "Outliers",
    "PositionDrift",
    "ReadbackLag",
    "ReadbackOffset",
    "Saturation",
    "SettlingDrift",
    "Vibration",
]
