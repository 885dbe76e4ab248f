"""A powder diffraction beamline."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore, Objective
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.wafer.scene import BINS, HALF, Q_RANGE, wafer_scene


def wafer_beamline(
    *,
    seed: int = 0,
    speed: float | None = None,
    faults: Sequence[Any] = (),
    control: Control = "ophyd",
    objective: Objective | None = None,
) -> Beamline:
    """Return a wafer on a stage, and an area detector behind it.

    Parameters
    ----------
    seed
        Of the wafer and of all noise.
    speed
        Beamline seconds per second; None takes no wall time.
    faults
        Bad habits of the beamline.
    control
        Whether the devices are classic ophyd or ophyd-async ones.
    objective
        What is wanted; by default a map of the first phase's ring. ``Classify("pattern_phase")`` wants the phase map.
    """
    from autoexp.reduction.azimuthal import AzimuthalIntegration
    from autoexp.reduction.bands import Band, BandIntensities
    from autoexp.reduction.phases import Pattern, PhaseFractions

    scene = wafer_scene(seed)
    curve = AzimuthalIntegration(scene.geometry, bins=BINS, range=Q_RANGE)
    bands = BandIntensities(curve, tuple(Band(*band) for band in scene.bands))
    fractions = PhaseFractions(bands, tuple(Pattern(*pattern) for pattern in scene.patterns()))
    camera = DetectorSpec("camera", scene.geometry.shape, scene.photons, fractions, "pattern", exposure=scene.exposure)
    return assemble(
        "wafer",
        scene,
        motors=[_axis("sample_x"), _axis("sample_y")],
        detectors=[camera],
        objectives=[objective or Explore(f"pattern_{scene.phases[0].name}")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )


def _axis(name: str) -> MotorSpec:
    return MotorSpec(name, (-HALF, HALF), "mm", 10.0, 0.1, 0.1, accuracy=0.005, readback_noise=0.005)
