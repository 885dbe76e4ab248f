"""A tomography beamline."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.tomography.scene import tomography_scene


def tomography_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a rotation stage and a camera behind it.

    Parameters
    ----------
    seed
        Of the sample, the camera's columns, the axis and all noise.
    speed
        Beamline seconds per second; None takes no wall time.
    faults
        Bad habits of the beamline.
    control
        Whether the devices are classic ophyd or ophyd-async ones.
    """
    from autoexp.reduction.spectra import Region, RegionSums

    scene = tomography_scene(seed)
    bands = RegionSums(tuple(Region(*band) for band in scene.bands))
    angle = MotorSpec("angle", (0.0, 180.0), "deg", 20.0, 0.2, 0.05, accuracy=0.001, readback_noise=0.001)
    camera = DetectorSpec("camera", scene.shape, scene.photons, bands, "projection", exposure=scene.exposure)
    return assemble(
        "tomography",
        scene,
        motors=[angle],
        detectors=[camera],
        objectives=[Explore("projection_middle")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )
