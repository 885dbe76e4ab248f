"""A beamline that follows one Bragg peak with temperature."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec
from autoexp_simulators.transition.scene import TEMPERATURE_RANGE, transition_scene


def transition_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a temperature controller and a point detector.

    The controller ramps at 6 K a minute and settles for 20 s: moves cost more than counts.

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

    scene = transition_scene(seed)
    controller = MotorSpec(
        "temperature",
        TEMPERATURE_RANGE,
        "K",
        velocity=0.1,
        acceleration=1.0,
        settle=20.0,
        accuracy=0.01,
        readback_noise=0.002,
        start=TEMPERATURE_RANGE[0],
    )
    sums = RegionSums((Region("intensity", 0, 1),))
    counter = DetectorSpec("counter", (1, 1), scene.photons, sums, "bragg", exposure=scene.exposure)
    return assemble(
        "transition",
        scene,
        motors=[controller],
        detectors=[counter],
        objectives=[Explore("bragg_intensity")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )
