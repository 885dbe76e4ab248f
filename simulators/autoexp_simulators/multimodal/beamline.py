"""A microprobe with two detectors."""

from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.objectives import Explore
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.multimodal.scene import BINS, Q_RANGE, RING, multimodal_scene
from autoexp_simulators.specs import DetectorSpec
from autoexp_simulators.xrf.beamline import stage_axis


def multimodal_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return a sample stage, a spectrum detector that is quick, and an area detector that takes its time.

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
    from autoexp.reduction.chain import chain
    from autoexp.reduction.rates import PerSecond

    scene = multimodal_scene(seed)
    lines = chain(PerSecond(), scene.fluorescence.fit())
    channels = scene.fluorescence.detector.channels
    ring = BandIntensities(AzimuthalIntegration(scene.geometry, bins=BINS, range=Q_RANGE), (Band("ring", *RING),))
    camera = DetectorSpec(
        "camera", scene.geometry.shape, scene.photons, ring, "pattern", exposure=scene.exposure, overhead=1.0
    )
    return assemble(
        "multimodal",
        scene,
        motors=[stage_axis("sample_x"), stage_axis("sample_y")],
        detectors=[DetectorSpec("spectrum", (1, channels), scene.spectra, lines, "xrf", exposure=0.1), camera],
        objectives=[Explore("pattern_ring")],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )
