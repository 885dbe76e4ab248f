"""A scattering beamline."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.saxs.scene import BANDS, BINS, HOLD_RANGE, Q_RANGE, TEMPERATURE_RANGE, saxs_scene
from autoexp_simulators.specs import DetectorSpec, MotorSpec


def saxs_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a quench cell and an area detector for small and wide angles.

    The temperature is slow; to hold longer costs as many seconds.

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
    from autoexp.reduction.azimuthal import AzimuthalIntegration
    from autoexp.reduction.bands import Band, BandIntensities

    scene = saxs_scene(seed)
    curve = AzimuthalIntegration(scene.geometry, bins=BINS, range=Q_RANGE)
    bands = BandIntensities(curve, tuple(Band(*band) for band in BANDS))
    controller = MotorSpec(
        "temperature", TEMPERATURE_RANGE, "K", 0.5, 1.0, 10.0, 0.05, 0.02, start=TEMPERATURE_RANGE[0]
    )
    hold = MotorSpec("hold", HOLD_RANGE, "s", 1.0, 0.0, 0.0, accuracy=0.0, readback_noise=0.0)
    camera = DetectorSpec("camera", scene.geometry.shape, scene.photons, bands, "pattern", exposure=scene.exposure)
    return assemble(
        "saxs",
        scene,
        motors=[controller, hold],
        detectors=[camera],
        objectives=[Explore("pattern_ring")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )
