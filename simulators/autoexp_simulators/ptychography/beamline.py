"""A ptychography beamline."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.ptychography.scene import TRAVEL, ptychography_scene
from autoexp_simulators.specs import DetectorSpec, MotorSpec


def ptychography_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a piezo stage in a small coherent beam, and a pixel detector.

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
    from autoexp.reduction.spectra import Region, RegionSums

    scene = ptychography_scene(seed)
    bands = RegionSums(tuple(Region(*band) for band in scene.bands))
    camera = DetectorSpec("camera", scene.shape, scene.photons, bands, "pattern", exposure=scene.exposure)
    return assemble(
        "ptychography",
        scene,
        motors=[_piezo("sample_x"), _piezo("sample_y")],
        detectors=[camera],
        objectives=[Explore("pattern_left")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )


def _piezo(name: str) -> MotorSpec:
    return MotorSpec(name, (-TRAVEL, TRAVEL), "um", 10.0, 0.01, 0.05, accuracy=0.002, readback_noise=0.001)
