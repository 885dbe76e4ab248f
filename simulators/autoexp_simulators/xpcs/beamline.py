"""A photon-correlation beamline."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.xpcs.scene import BANDS, TEMPERATURE_RANGE, xpcs_scene


def xpcs_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a sample cell in coherent light, and a detector that takes movies.

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
    from autoexp.reduction.bands import Band
    from autoexp.reduction.speckle import SpeckleContrast

    scene = xpcs_scene(seed)
    contrast = SpeckleContrast(
        scene.geometry, tuple(Band(*band) for band in BANDS), speckle=float((1.5 * scene.speckle) ** 2)
    )
    camera = DetectorSpec(
        "camera",
        scene.geometry.shape,
        scene.photons,
        contrast,
        "speckle",
        exposure=0.9 * scene.period,
        overhead=0.1 * scene.period,
        frames=scene.frames,
    )
    cell = MotorSpec("temperature", TEMPERATURE_RANGE, "K", 0.2, 1.0, 30.0, 0.02, 0.01, start=300.0)
    return assemble(
        "xpcs",
        scene,
        motors=[cell],
        detectors=[camera],
        objectives=[Explore("speckle_inner")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )
