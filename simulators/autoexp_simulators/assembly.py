"""A Scene and its devices, put together into a beamline."""

from collections.abc import Sequence

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
    """
    kinds: dict[str, Kind] = {spec.name: "motor" for spec in motors} | {spec.name: "detector" for spec in detectors}
    world = World(SimulatedClock(speed), motors, seed, Habits(faults, kinds, seed))
    stages = [SimulatedMotor(axis, clock=world.clock) for axis in world.axes.values()]
    cameras = [
        SimulatedCamera(Imager(spec, world, number=number), clock=world.clock) for number, spec in enumerate(detectors)
    ]
    exposures = [
        Dof(camera.exposure, *spec.exposures, unit="s")
        for camera, spec in zip(cameras, detectors, strict=True)
        if spec.exposures is not None
    ]
    readouts = [
        Readout(camera, spec.reducer, spec.readout, camera.exposure.get)
        for camera, spec in zip(cameras, detectors, strict=True)
    ]
    return Beamline(
        name,
        scene,
        world.clock,
        (*(stage.dof() for stage in stages), *exposures),
        tuple(readouts),
        tuple(objectives),
        world.habits.happenings,
        RingCurrent(world),
    )
