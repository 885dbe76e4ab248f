"""An absorption beamline."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.xanes.scene import ENERGY_RANGE, HALF, xanes_scene


def xanes_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a monochromator, a sample stage and two ion chambers.

    Parameters
    ----------
    seed
        Of the sample and of all noise.
    speed
        Beamline seconds per second; None takes no wall time.
    faults
        Bad habits of the beamline.
    control
        Whether the devices are classic ophyd or ophyd-async ones.
    """
    from autoexp.reduction.absorption import Absorption

    scene = xanes_scene(seed)
    energy = MotorSpec("energy", ENERGY_RANGE, "eV", 5.0, 0.2, 0.3, 0.02, 0.02, start=ENERGY_RANGE[0])
    chambers = DetectorSpec("chambers", (1, 2), scene.photons, Absorption(), "absorption", exposure=0.5)
    return assemble(
        "xanes",
        scene,
        motors=[energy, _stage("sample_x"), _stage("sample_y")],
        detectors=[chambers],
        objectives=[Explore("absorption_mu")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )


def _stage(name: str) -> MotorSpec:
    return MotorSpec(name, (-HALF, HALF), "mm", 1.0, 0.1, 0.1, accuracy=0.001, readback_noise=0.001)
