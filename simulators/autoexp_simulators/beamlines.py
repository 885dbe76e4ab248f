"""Whole simulated beamlines, ready to be driven."""

import numpy as np

from autoexp.beamline import Beamline
from autoexp.objectives import Minimize
from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.detector import SimulatedCamera
from autoexp_simulators.kb import BEND_RANGE, PITCH_RANGE, mirror_scene
from autoexp_simulators.stage import SimulatedMotor


def mirrors_beamline(*, seed: int = 0, speed: float | None = None) -> Beamline:
    """Return two Kirkpatrick-Baez mirrors, pitch and bender each, in front of a camera.

    Parameters
    ----------
    seed
        Of the mirrors' mounting errors and of all noise.
    speed
        Beamline seconds per second; None takes no wall time.
    """
    clock, scene = SimulatedClock(speed), mirror_scene(seed)
    seeds = [int(value) for value in np.random.default_rng([seed, 1]).integers(2**31, size=5)]
    motors = []
    for name, number in zip(scene.names, seeds, strict=False):
        pitch = name.endswith("pitch")
        motors.append(
            SimulatedMotor(
                name,
                clock=clock,
                limits=PITCH_RANGE if pitch else BEND_RANGE,
                egu="urad" if pitch else "percent",
                velocity=20.0 if pitch else 1.0,
                acceleration=0.2,
                settle=0.5 if pitch else 1.0,
                accuracy=0.02 if pitch else 0.002,
                readback_noise=0.02 if pitch else 0.002,
                seed=number,
            )
        )
    camera = SimulatedCamera(
        "camera",
        clock=clock,
        shape=scene.shape,
        exposure=scene.exposure,
        seed=seeds[4],
        photons=lambda: scene.photons_per_second({motor.name: motor.position for motor in motors}),
    )
    return Beamline(
        "mirrors",
        scene,
        clock,
        tuple(motor.dof() for motor in motors),
        camera,
        "beam",
        "spot",
        (Minimize("spot_size"),),
    )
