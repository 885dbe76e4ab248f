"""Two mirrors of three motors each behind four slit blades, in front of a camera.

References
----------
.. [1] N. L. Johnson, S. Kotz and N. Balakrishnan, Continuous Univariate Distributions 1 (1994), section 13.10:
   moments of a truncated normal distribution.
.. [2] E. Hecht, Optics, 5th ed. (2017), section 6.2: a thin lens off the axis.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import NonlinearConstraint, minimize
from scipy.special import erf, ndtr
from torch import Tensor

from autoexp.beamline import Beamline
from autoexp.objectives import Bound, Minimize
from autoexp_simulators.assembly import Control, assemble
from autoexp_simulators.beam import spots
from autoexp_simulators.kb import BEND_RANGE, PITCH_RANGE, MirrorScene, mirror_scene
from autoexp_simulators.mirrors import FloatArray, Mirror
from autoexp_simulators.noise import Sensor
from autoexp_simulators.specs import DetectorSpec, MotorSpec

if TYPE_CHECKING:
    import xarray as xr

HEIGHT_RANGE = (-100.0, 100.0)
"""Travel of the mirrors across the beam, in um."""

BLADE_RANGE = (20.0, 1500.0)
"""Distance of a slit blade from the axis, in um."""

_KINDS = {"pitch": PITCH_RANGE, "bend": BEND_RANGE, "height": HEIGHT_RANGE, "low": BLADE_RANGE, "high": BLADE_RANGE}
_RANGES = {f"{name}_{kind}": limits for name in "vh" for kind, limits in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class SlitScene:
    """Mirrors that can be moved across the beam, behind slits.

    Parameters
    ----------
    mirrors
        The same with heights fixed and slits open.
    heights
        By how many metres the vertical and the horizontal mirror stand off the beam where their motors say 0.
    photons_needed
        Photons per frame that `optimum` keeps.
    """

    mirrors: MirrorScene
    heights: tuple[float, float] = (0.0, 0.0)
    photons_needed: float = 5e4

    def beam(
        self, mirror: Mirror, offset: float, axis: Mapping[str, FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the share of the beam that passes blades and mirror, and its mean and sigma there, in metres.

        A Gaussian truncated where either stops it [1]_.
        """
        size, height = mirror.size_at_mirror(), axis["height"] + offset
        half = mirror.half_aperture(axis["pitch"])
        low = np.maximum(-axis["low"], height - half) / size
        high = np.maximum(np.minimum(axis["high"], height + half) / size, low + 1e-9)
        share = ndtr(high) - ndtr(low)
        at_low, at_high = (np.exp(-0.5 * edge**2) / np.sqrt(2.0 * np.pi) for edge in (low, high))
        mean = (at_low - at_high) / share
        variance = 1.0 + (low * at_low - high * at_high) / share - mean**2
        return share, size * mean, size * np.sqrt(np.maximum(variance, 1e-12))

    def along(self, name: str, points: Mapping[str, FloatArray]) -> tuple[FloatArray, ...]:
        """Return centre and sigma in pixels, the share of the beam that passes, and that of it on the camera.

        A mirror at height ``d`` moves the spot as a lens does, by ``d (1 + q / p)`` [2]_; a beam that passes off
        the axis moves with the defocus.
        """
        scene, vertical = self.mirrors, name == "v"
        mirror, offset = (scene.vertical, self.heights[0]) if vertical else (scene.horizontal, self.heights[1])
        scale = {"pitch": 1e-6, "bend": 1e-2, "height": 1e-6, "low": 1e-6, "high": 1e-6}
        axis = {key: np.asarray(points[f"{name}_{key}"], dtype=float) * unit for key, unit in scale.items()}
        share, mean, sigma = self.beam(mirror, offset, axis)
        ratio = 1.0 + mirror.image_distance / mirror.source_distance
        shift = mirror.steering(axis["pitch"]) + (axis["height"] + offset) * ratio
        shift = shift - mean * mirror.image_distance * mirror.defocus(axis["pitch"], axis["bend"])
        count = scene.shape[0 if vertical else 1]
        centre = (count - 1) / 2 + shift / scene.pixel_size
        width = np.hypot(mirror.spot_of(sigma, axis["pitch"], axis["bend"]) / scene.pixel_size, scene.blur)
        below, above = (erf((edge - centre) / (np.sqrt(2.0) * width)) for edge in (-0.5, count - 0.5))
        return centre, width, share, 0.5 * (above - below)

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``spot_size`` in pixels and ``spot_sum`` in photons; the size is NaN where the camera sees no spot.

        Parameters
        ----------
        points
            The ten motors, shape ``(n,)`` each: pitches in urad, bends in percent, heights and blades in um.
        """
        (_, y, passed_y, seen_y), (_, x, passed_x, seen_x) = (self.along(name, points) for name in "vh")
        size = 4.0 * np.sqrt(np.hypot(x, 12**-0.5) * np.hypot(y, 12**-0.5))
        photons = self.mirrors.flux * self.mirrors.exposure * passed_x * passed_y * seen_x * seen_y
        return {"spot_size": np.where(seen_x * seen_y < 0.05, np.nan, size), "spot_sum": photons}

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the expected photons per second of each pixel; see `autoexp_simulators.specs.Photons`."""
        points = {name: values.cpu().numpy() for name, values in positions.items()}
        (y, sigma_y, passed_y, _), (x, sigma_x, passed_x, _) = (self.along(name, points) for name in "vh")
        flux = self.mirrors.flux * passed_x * passed_y
        return spots(x, y, sigma_x, sigma_y, flux, self.mirrors.shape, str(time.device))

    def optimum(self) -> dict[str, float]:
        """Return the motor positions of the smallest spot that keeps `photons_needed`."""
        return dict(_optimum(self))

    def truth(self) -> "xr.Dataset":
        """Return the smallest spot that keeps `photons_needed`, its photons, and as attributes where it is."""
        import xarray as xr

        best = self.optimum()
        at = self.expected({name: np.array([value]) for name, value in best.items()})
        values = {"spot_size": ((), at["spot_size"][0], {"units": "px"}), "spot_sum": ((), at["spot_sum"][0], {})}
        return xr.Dataset(values, attrs=best)


@functools.cache
def _optimum(scene: SlitScene) -> Mapping[str, float]:
    """Find the optimum by sequential quadratic programming, begun on the axis with blades at three distances."""
    low, high = (np.array(ends) for ends in zip(*_RANGES.values(), strict=True))

    def logs(unit: FloatArray) -> tuple[float, float]:
        """Return the logarithms of the spot's size, and of its photons over those needed."""
        motors = low + (high - low) * unit
        at = scene.expected({name: np.array([value]) for name, value in zip(_RANGES, motors, strict=True)})
        size, photons = float(at["spot_size"][0]), float(at["spot_sum"][0])
        size = float(sum(scene.mirrors.shape)) if math.isnan(size) else size
        return math.log(size), math.log(max(photons, 1e-3) / scene.photons_needed)

    centred = scene.mirrors.optimum() | dict(zip(("v_height", "h_height"), -1e6 * np.array(scene.heights), strict=True))
    found = []
    for blades in (100.0, 400.0, 1500.0):
        begin = (np.array([centred.get(name, blades) for name in _RANGES]) - low) / (high - low)
        ended = minimize(
            lambda unit: logs(unit)[0],
            np.clip(begin, 0.0, 1.0),
            method="SLSQP",
            bounds=[(0.0, 1.0)] * len(low),
            constraints=NonlinearConstraint(lambda unit: logs(unit)[1], 0.0, np.inf),
            options={"maxiter": 300, "ftol": 1e-10},
        )
        if logs(ended.x)[1] > -1e-6:
            found.append((float(ended.fun), ended.x))
    if not found:
        raise ValueError(f"photons_needed must be what the mirrors can pass, got {scene.photons_needed:g}")
    _, best = min(found, key=lambda each: each[0])
    return dict(zip(_RANGES, map(float, low + (high - low) * best), strict=True))


def kb_beamline(
    *, seed: int = 0, speed: float | None = None, faults: Sequence[Any] = (), control: Control = "ophyd"
) -> Beamline:
    """Return two mirrors with pitch, bender and height, four slit blades and a camera.

    Parameters
    ----------
    seed
        Of the mirrors' mounting errors and of all noise.
    speed
        Beamline seconds per second; None takes no wall time.
    faults
        Bad habits of the beamline.
    control
        Whether the devices are classic ophyd or ophyd-async ones.
    """
    from autoexp.reduction.beam import BeamStatistics

    heights = np.random.default_rng([seed, 7]).uniform(-40e-6, 40e-6, 2)
    scene = SlitScene(mirror_scene(seed), (float(heights[0]), float(heights[1])))
    sensor = Sensor(dark=5.0, read_noise=1.0, offset=10.0, saturation=60_000)
    camera = DetectorSpec("camera", scene.mirrors.shape, scene.photons, BeamStatistics(), "spot", sensor=sensor)
    return assemble(
        "kb",
        scene,
        motors=[motor for name in "vh" for motor in _motors(name)],
        detectors=[camera],
        objectives=[Minimize("spot_size"), Bound("spot_sum", low=scene.photons_needed)],
        seed=seed,
        speed=speed,
        faults=faults,
        control=control,
    )


def _motors(name: str) -> list[MotorSpec]:
    return [
        MotorSpec(f"{name}_pitch", PITCH_RANGE, "urad", 20.0, 0.2, 0.5, 0.02, 0.02),
        MotorSpec(f"{name}_bend", BEND_RANGE, "percent", 1.0, 0.2, 1.0, 0.002, 0.002),
        MotorSpec(f"{name}_height", HEIGHT_RANGE, "um", 50.0, 0.2, 0.2, 0.1, 0.1),
        MotorSpec(f"{name}_low", BLADE_RANGE, "um", 500.0, 0.2, 0.1, 0.5, 0.5, start=1000.0),
        MotorSpec(f"{name}_high", BLADE_RANGE, "um", 500.0, 0.2, 0.1, 0.5, 0.5, start=1000.0),
    ]
