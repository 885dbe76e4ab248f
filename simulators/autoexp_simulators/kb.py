"""The Scene of a focusing beamline: two mirrors in front of a camera."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf
from torch import Tensor

from autoexp_simulators.beam import spots
from autoexp_simulators.mirrors import FloatArray, Mirror

if TYPE_CHECKING:
    import xarray as xr

PITCH_RANGE = (-35.0, 35.0)
"""Travel of the pitch motors in microradians from design."""

BEND_RANGE = (-10.0, 10.0)
"""Travel of the benders in percent of the design curvature."""

_OFF_CAMERA = 0.05


@dataclass(frozen=True, slots=True)
class MirrorScene:
    """Two mirrors that focus onto a camera.

    Parameters
    ----------
    vertical, horizontal
        The mirror that focuses along y, and the one that focuses along x.
    flux
        Photons per second before the mirrors.
    pixel_size
        Side of a pixel, seen through the camera's objective, in metres.
    blur
        Standard deviation of the camera's point spread, in pixels.
    shape
        Rows and columns of the camera.
    exposure
        Seconds per frame, for which `expected` gives the sum of a frame.
    """

    vertical: Mirror
    horizontal: Mirror
    flux: float = 2e6
    pixel_size: float = 2e-6
    blur: float = 0.8
    shape: tuple[int, int] = (256, 256)
    exposure: float = 0.1
    names: tuple[str, str, str, str] = field(default=("v_pitch", "v_bend", "h_pitch", "h_bend"))

    def expected(self, points: Mapping[str, NDArray[np.float64]]) -> dict[str, FloatArray]:
        """Return what the ``beam`` reducer would give of frames without noise, in pixels and photons.

        Parameters
        ----------
        points
            Motor name to ``n`` positions: pitches in microradians, bends in percent, from design.

        Returns
        -------
            ``spot_width_x``, ``spot_width_y``, ``spot_size``, ``spot_centroid_x``, ``spot_centroid_y``;
            ``spot_sum``, the photons of one frame; and ``spot_share``, the share of the spot that falls
            on the camera. Where hardly any does all but the last two are NaN. A spot cut by the
            camera's edge has the widths and centre of the whole one, and the sum of what is seen.
        """
        y, sigma_y, caught_y = self._along(self.vertical, points[self.names[0]], points[self.names[1]], self.shape[0])
        x, sigma_x, caught_x = self._along(self.horizontal, points[self.names[2]], points[self.names[3]], self.shape[1])
        share = caught_x * caught_y
        off = share < _OFF_CAMERA
        width_x, width_y = 4.0 * np.hypot(sigma_x, math.sqrt(1 / 12)), 4.0 * np.hypot(sigma_y, math.sqrt(1 / 12))
        fields = {
            "spot_width_x": width_x,
            "spot_width_y": width_y,
            "spot_size": np.sqrt(width_x * width_y),
            "spot_centroid_x": x,
            "spot_centroid_y": y,
        }
        photons = self._photons_reflected(points) * share * self.exposure
        seen = {name: np.where(off, np.nan, values) for name, values in fields.items()}
        return seen | {"spot_sum": photons, "spot_share": share}

    def _photons_reflected(self, points: Mapping[str, NDArray[np.float64]]) -> FloatArray:
        """Return the photons per second that both mirrors catch."""
        v_pitch, h_pitch = (np.asarray(points[self.names[index]], dtype=float) * 1e-6 for index in (0, 2))
        return self.flux * self.vertical.accepted(v_pitch) * self.horizontal.accepted(h_pitch)

    def _along(
        self, mirror: Mirror, pitch: FloatArray, bend: FloatArray, count: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return centre and sigma in pixels, and the share on the camera, along one axis."""
        pitch, bend = np.asarray(pitch, dtype=float) * 1e-6, np.asarray(bend, dtype=float) * 1e-2
        center = (count - 1) / 2 + mirror.steering(pitch) / self.pixel_size
        sigma = np.hypot(mirror.spot_size(pitch, bend) / self.pixel_size, self.blur)
        below, above = (erf((edge - center) / (math.sqrt(2.0) * sigma)) for edge in (-0.5, count - 0.5))
        return center, sigma, 0.5 * (above - below)

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the expected photons per second of each pixel; see `autoexp_simulators.specs.Photons`."""
        point = {name: positions[name].cpu().numpy() for name in self.names}
        y, sigma_y, _ = self._along(self.vertical, point[self.names[0]], point[self.names[1]], self.shape[0])
        x, sigma_x, _ = self._along(self.horizontal, point[self.names[2]], point[self.names[3]], self.shape[1])
        return spots(x, y, sigma_x, sigma_y, self._photons_reflected(point), self.shape, str(time.device))

    def truth(self) -> "xr.Dataset":
        """Return the smallest spot and the flux in it, and where it is, as attributes."""
        import xarray as xr

        best = self.optimum()
        at = self.expected({name: np.array([value]) for name, value in best.items()})
        values = {"spot_size": ((), at["spot_size"][0], {"units": "px"}), "spot_sum": ((), at["spot_sum"][0], {})}
        return xr.Dataset(values, attrs=best)

    def optimum(self) -> dict[str, float]:
        """Return the motor positions of the smallest spot."""
        pitches, bends = _scaled(PITCH_RANGE, 1e-6), _scaled(BEND_RANGE, 1e-2)
        v_pitch, v_bend = self.vertical.best_setting(pitches, bends)
        h_pitch, h_bend = self.horizontal.best_setting(pitches, bends)
        return dict(zip(self.names, (v_pitch * 1e6, v_bend * 1e2, h_pitch * 1e6, h_bend * 1e2), strict=True))


def _scaled(limits: tuple[float, float], factor: float) -> tuple[float, float]:
    return limits[0] * factor, limits[1] * factor


def mirror_scene(seed: int) -> MirrorScene:
    """Return a Scene whose mirrors are mounted as badly as mirrors are, by `seed`.

    The pitch offset is 5 to 20 microradians, the bend offset 2 to 6 percent, of either sign.
    """
    generator = np.random.default_rng(seed)
    signs = generator.choice([-1.0, 1.0], size=4)
    pitches = signs[:2] * generator.uniform(5e-6, 20e-6, size=2)
    bends = signs[2:] * generator.uniform(0.02, 0.06, size=2)
    vertical = Mirror(
        source_size=12e-6,
        divergence=9e-6,
        source_distance=30.3,
        image_distance=2.7,
        pitch_offset=float(pitches[0]),
        bend_offset=float(bends[0]),
    )
    horizontal = Mirror(
        source_size=40e-6,
        divergence=12e-6,
        source_distance=30.9,
        image_distance=2.1,
        pitch_offset=float(pitches[1]),
        bend_offset=float(bends[1]),
    )
    return MirrorScene(vertical, horizontal)
