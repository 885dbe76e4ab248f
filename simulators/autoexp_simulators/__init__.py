"""Simulated beamlines with known truth."""

from autoexp_simulators.beamlines import mirrors_beamline
from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.detector import SimulatedCamera
from autoexp_simulators.kb import MirrorScene, mirror_scene
from autoexp_simulators.noise import Sensor
from autoexp_simulators.stage import SimulatedMotor

__all__ = [
    "MirrorScene",
    "Sensor",
    "SimulatedCamera",
    "SimulatedClock",
    "SimulatedMotor",
    "mirror_scene",
    "mirrors_beamline",
]
