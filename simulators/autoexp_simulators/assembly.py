"""A Scene and its devices, put together into a beamline."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from autoexp.beamline import Beamline, Readout, Scene
from autoexp.dofs import Dof
from autoexp.objectives import Objective
from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.detector import SimulatedCamera
from autoexp_simulators.faults.habits import Habits
from autoexp_simulators.faults.hooks import Fault, Kind
from autoexp_simulators.ring import RingCurrent
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.stage import SimulatedMotor
from autoexp_simulators.world import Imager, World

Control = Literal["ophyd", "ophyd-async"]
"""Which library's devices a beamline has."""


def assemble(
    name: str,
    scene: Scene,
    *,
    motors: Sequence[MotorSpec],
    detectors: Sequence[DetectorSpec],
    objectives: Sequence[Objective],
    seed: int,
    speed: float | None = None,
    faults: Sequence[Fault] = (),
    control: Control = "ophyd",
) -> Beamline:
    """Return a simulated beamline.

    Parameters
    ----------
    name
        The Scene's registered name.
    scene
        Physics and truth.
    motors, detectors
        The devices that act on it.
    objectives
        What is wanted.
    seed
        Of everything random about the devices.
    speed
        Beamline seconds per second; None takes no wall time.
    faults
        Bad habits of the beamline.
    control
        Whether motors and detectors are classic ophyd or ophyd-async devices; the latter must be
        connected (`ophyd_async.core.init_devices`) before a scan.
    """
    kinds: dict[str, Kind] = {spec.name: "motor" for spec in motors}
    kinds.update({spec.name: "detector" for spec in detectors})
    world = World(SimulatedClock(speed), motors, seed, Habits(faults, kinds, seed))
    stages = [SimulatedMotor(axis, clock=world.clock) for axis in world.axes.values()]
    imagers = [
        Imager(spec, world, habits=world.habits.of("detector", spec.name, number))
        for number, spec in enumerate(detectors)
    ]
    cameras = [SimulatedCamera(imager, clock=world.clock) for imager in imagers]
    movables, sensors = _async(stages, cameras) if control == "ophyd-async" else (stages, cameras)
    dofs = [dataclasses.replace(stage.dof(), movable=m) for stage, m in zip(stages, movables, strict=True)]
    dofs += [
        Dof(sensor.exposure, *spec.exposures, unit="s")
        for sensor, spec in zip(sensors, detectors, strict=True)
        if spec.exposures is not None
    ]
    readouts = tuple(
        Readout(sensor, spec.reducer, spec.readout, camera.exposure.get)
        for sensor, camera, spec in zip(sensors, cameras, detectors, strict=True)
    )
    ring = RingCurrent(world)
    return Beamline(name, scene, world.clock, tuple(dofs), readouts, tuple(objectives), world.habits.happenings, ring)


def _async(stages: Sequence[SimulatedMotor], cameras: Sequence[SimulatedCamera]) -> tuple[list[Any], list[Any]]:
    from autoexp_simulators.async_devices import AsyncCamera, AsyncMotor

    return [AsyncMotor(stage) for stage in stages], [AsyncCamera(camera) for camera in cameras]
