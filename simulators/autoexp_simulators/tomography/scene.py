"""The Scene of a tomography beamline: one rotation, one camera behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp_simulators.tomography.phantom import Ellipsoid, FloatArray, projections, random_phantom, voxels

if TYPE_CHECKING:
    import xarray as xr

_VOXELS = 128
_COLUMNS = 512
_TOGETHER = 8


@dataclass(frozen=True, slots=True, eq=False)
class TomographyScene:
    """A sample in a parallel beam, by the law of Lambert and Beer.

    Parameters
    ----------
    ellipsoids
        The sample.
    gains
        Of the camera's columns, shape ``(columns,)``: what makes rings.
    shape
        Rows and columns of the camera.
    pixel_size
        Side of a pixel in mm.
    axis_offset
        By how many pixels the axis of rotation stands right of the camera's middle.
    angle_offset
        By how many degrees the sample has turned where the motor says 0.
    flux
        Photons per second and pixel without the sample.
    exposure
        Seconds per frame, for which `expected` gives counts.
    bands
        Name, first column and one past the last, of what `expected` sums.
    """

    ellipsoids: tuple[Ellipsoid, ...]
    gains: FloatArray
    shape: tuple[int, int] = (512, _COLUMNS)
    pixel_size: float = 4e-3
    axis_offset: float = 0.0
    angle_offset: float = 0.0
    flux: float = 2e4
    exposure: float = 0.05
    bands: tuple[tuple[str, int, int], ...] = (("left", 64, 192), ("middle", 192, 320), ("right", 320, 448))

    def __post_init__(self) -> None:
        if self.gains.shape != self.shape[1:]:
            raise ValueError(f"gains must be one per column, got shape {self.gains.shape} for {self.shape[1]} columns")

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``projection_left``, ``_middle`` and ``_right``: counts of a frame between columns.

        Parameters
        ----------
        points
            ``angle`` in degrees, shape ``(n,)``.
        """
        angles = torch.as_tensor(np.asarray(points["angle"], dtype=float)).reshape(-1)
        columns = torch.cat(
            [torch.zeros((0, self.shape[1]), dtype=torch.float64)]
            + [self._rates(part).sum(1, dtype=torch.float64) for part in torch.split(angles, _TOGETHER) if len(part)]
        )
        counts = columns.numpy() * self.exposure
        return {f"projection_{name}": counts[:, low:high].sum(axis=1) for name, low, high in self.bands}

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return the expected photons per second of each pixel; see `autoexp_simulators.specs.Photons`."""
        return self._rates(positions["angle"].to(time.device))

    def _rates(self, angle: Tensor) -> Tensor:
        """Return ``flux gain exp(-path)`` for angles in degrees, float32, shape ``(n, y, x)``."""
        gains = torch.as_tensor(self.gains * self.flux, device=angle.device, dtype=torch.float32)
        return self.paths(angle).neg_().exp_().mul_(gains)

    def paths(self, angle: Tensor) -> Tensor:
        """Return the line integrals of attenuation for angles in degrees, float32, shape ``(n, y, x)``."""
        turned = torch.deg2rad(angle.to(torch.float64) + self.angle_offset)
        rows, columns = self.shape
        u, v = self._along(columns, self.rotation_axis, angle.device), self._along(rows, (rows - 1) / 2, angle.device)
        return projections(self.ellipsoids, turned, u, v)

    def _along(self, count: int, middle: float, device: torch.device) -> Tensor:
        return (torch.arange(count, dtype=torch.float64, device=device) - middle) * self.pixel_size

    @property
    def rotation_axis(self) -> float:
        """Column onto which the axis of rotation projects."""
        return (self.shape[1] - 1) / 2 + self.axis_offset

    def truth(self) -> "xr.Dataset":
        """Return the volume of attenuation coefficients, and the gains and the axis that spoil its projections."""
        import xarray as xr

        half = 0.5 * self.pixel_size * self.shape[1]
        place: FloatArray = np.asarray((np.arange(_VOXELS) + 0.5) * (2.0 * half / _VOXELS) - half, dtype=float)
        volume = voxels(self.ellipsoids, place[None, None, :], place[None, :, None], place[:, None, None])
        places = {name: (name, place, {"units": "mm"}) for name in ("z", "y", "x")}
        return xr.Dataset(
            {
                "attenuation": (("z", "y", "x"), volume.astype(np.float32), {"units": "1/mm"}),
                "gain": (("column",), self.gains, {"units": ""}),
            },
            coords=places | {"column": ("column", np.arange(self.shape[1]), {"units": "px"})},
            attrs={"rotation_axis_column": self.rotation_axis, "angle_offset_deg": self.angle_offset},
        )


def tomography_scene(seed: int) -> TomographyScene:
    """Return a sample, an axis off by up to 12 pixels and a camera with a few bad columns, all by `seed`.

    One column in twenty is wrong by about 5 percent, the others by 0.3 percent.
    """
    generator = np.random.default_rng(seed)
    bad = generator.random(_COLUMNS) < 0.05
    gains = 1.0 + generator.standard_normal(_COLUMNS) * np.where(bad, 0.05, 0.003)
    ellipsoids = random_phantom(generator)
    return TomographyScene(ellipsoids, gains.clip(min=0.5), axis_offset=float(generator.uniform(-12.0, 12.0)))
