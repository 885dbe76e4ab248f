"""Simulated beamlines with known truth."""

from autoexp_simulators.assembly import assemble
from autoexp_simulators.axis import Axis
from autoexp_simulators.beamlines import mirrors_beamline
from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.detector import SimulatedCamera
from autoexp_simulators.kb import MirrorScene, mirror_scene
from autoexp_simulators.noise import Sensor
from autoexp_simulators.specs import DetectorSpec, MotorSpec, Photons
from autoexp_simulators.stage import SimulatedMotor
from autoexp_simulators.world import Imager, World

__all__ = [
    "Axis",
    "DetectorSpec",
    "Imager",
    "MirrorScene",
    "MotorSpec",
    "Photons",
    "Sensor",
    "SimulatedCamera",
    "SimulatedClock",
    "SimulatedMotor",
    "World",
    "assemble",
    "mirror_scene",
    "mirrors_beamline",
]
