"""A fluorescence microprobe."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.xrf.scene import HALF, xrf_scene

DWELLS = (0.05, 2.0)
"""Shortest and longest exposure in seconds."""


def xrf_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a sample stage and a spectrum detector whose dwell time is a Dof.

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
    from autoexp.reduction.chain import chain
    from autoexp.reduction.rates import PerSecond

    scene = xrf_scene(seed)
    spectrum = DetectorSpec(
        "spectrum",
        (1, scene.detector.channels),
        scene.photons,
        chain(PerSecond(), scene.fit()),
        "xrf",
        exposure=0.2,
        exposures=DWELLS,
    )
    return assemble(
        "xrf",
        scene,
        motors=[stage_axis("sample_x"), stage_axis("sample_y")],
        detectors=[spectrum],
        objectives=[Explore("xrf_Fe")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )


def stage_axis(name: str) -> MotorSpec:
    """Return one axis of a microprobe's sample stage."""
    return MotorSpec(name, (-HALF, HALF), "um", 50.0, 0.05, 0.05, accuracy=0.02, readback_noise=0.02)
