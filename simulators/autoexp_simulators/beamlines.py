"""Whole simulated beamlines, ready to be driven."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Minimize
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.kb import BEND_RANGE, PITCH_RANGE, mirror_scene
from autoexp_simulators.noise import Sensor
from autoexp_simulators.specs import DetectorSpec, MotorSpec


def mirrors_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return two Kirkpatrick-Baez mirrors, pitch and bender each, in front of a camera.

    Parameters
    ----------
    seed
        Of the mirrors' mounting errors and of all noise.
    speed
        Beamline seconds per second; None takes no wall time.
    faults
        Bad habits of the beamline.
    control
        Whether the devices are classic ophyd or ophyd-async ones.
    """
    from autoexp.reduction.beam import BeamStatistics

    scene = mirror_scene(seed)
    camera = DetectorSpec(
        "camera",
        scene.shape,
        scene.photons,
        BeamStatistics(),
        "spot",
        exposure=scene.exposure,
        sensor=Sensor(dark=5.0, read_noise=1.0, offset=10.0, saturation=60_000),
    )
    return assemble(
        "mirrors",
        scene,
        motors=[_pitch(name) if name.endswith("pitch") else _bender(name) for name in scene.names],
        detectors=[camera],
        objectives=[Minimize("spot_size")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )


def _pitch(name: str) -> MotorSpec:
    return MotorSpec(name, PITCH_RANGE, "urad", 20.0, 0.2, 0.5, accuracy=0.02, readback_noise=0.02)


def _bender(name: str) -> MotorSpec:
    return MotorSpec(name, BEND_RANGE, "percent", 1.0, 0.2, 1.0, accuracy=0.002, readback_noise=0.002)
