"""Where each pixel of an area detector stands in reciprocal space; the PONI geometry of pyFAI."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from autoexp.errors import ReductionError, listed

RadialUnit = Literal["q_A^-1", "q_nm^-1", "2th_deg"]

_PARAMETERS = ("distance", "poni1", "poni2", "rot1", "rot2", "rot3", "wavelength")

PINT_UNITS: Mapping[str, str] = {"q_A^-1": "1/angstrom", "q_nm^-1": "1/nm", "2th_deg": "deg"}


@dataclass(frozen=True, slots=True)
class Poni:
    """Position of a flat detector by its point of normal incidence.

    The formulas are those of pyFAI (G. Ashiotis et al., J. Appl. Cryst. 48, 510 (2015), and its
    documentation, "Geometry"): axis 1 is y, axis 2 is x, axis 3 the beam.

    Parameters
    ----------
    shape
        Rows and columns.
    pixel
        Height and width of a pixel in m.
    distance
        From the sample to the point of normal incidence, in m.
    poni
        That point's y and x from the outer corner of pixel (0, 0), in m.
    rotations
        About y, x and the beam, in rad, the first two left-handed.
    wavelength
        In m.

    Raises
    ------
    ReductionError
        If a length is not positive.
    """

    shape: tuple[int, int]
    pixel: tuple[float, float]
    distance: float
    poni: tuple[float, float]
    rotations: tuple[float, float, float] = (0.0, 0.0, 0.0)
    wavelength: float = 1e-10

    def __post_init__(self) -> None:
        lengths = {"distance": self.distance, "wavelength": self.wavelength, "pixel": min(self.pixel)}
        for rule, value in lengths.items():
            if not 0 < value < math.inf:
                raise ReductionError(f"{rule} must be positive, got {value} m")

    @classmethod
    def load(
        cls, path: str | Path, shape: tuple[int, int] | None = None, pixel: tuple[float, float] | None = None
    ) -> "Poni":
        """Read a PONI file (version 2) of a detector whose pixels all have one size.

        Parameters
        ----------
        path
            The file.
        shape
            Rows and columns, where the file does not say, as for a detector that it only names.
        pixel
            Height and width of a pixel in m, where the file does not say.

        Raises
        ------
        ReductionError
            If pixels or shape are not known, the file lacks a parameter, or the detector is mounted in another
            orientation than pyFAI's default (3).
        """
        lines = [line.split(":", 1) for line in Path(path).read_text().splitlines() if ":" in line and line[0] != "#"]
        found = {key.strip().lower(): value.strip() for key, value in lines}
        config = json.loads(found.get("detector_config", "{}"))
        if config.get("orientation", 3) not in (0, 3):
            raise ReductionError(f"orientation must be 3 (the default), got {config['orientation']} in {path}")
        shape = shape or config.get("max_shape")
        height, width = pixel or (
            float(config.get(f"pixel{axis}", found.get(f"pixelsize{axis}", "nan"))) for axis in (1, 2)
        )
        if shape is None or not (height > 0 and width > 0):
            raise ReductionError(f"pixel size and shape must be known, got {height} x {width} m, {shape} from {path}")
        if missing := [key for key in _PARAMETERS if key not in found]:
            raise ReductionError(f"a PONI file must tell {listed(_PARAMETERS)}, got no {listed(missing)} in {path}")
        distance, *rest, wavelength = (float(found[key]) for key in _PARAMETERS)
        rows, columns = shape
        poni, rotations = (rest[0], rest[1]), (rest[2], rest[3], rest[4])
        return cls((rows, columns), (height, width), distance, poni, rotations, wavelength)

    def settings(self) -> Mapping[str, Any]:
        """Return the parameters."""
        return asdict(self)

    def centres(self) -> tuple[Tensor, Tensor]:
        """Return y and x of the pixel centres, in pixels, shape ``(rows, columns)`` each."""
        y, x = (torch.arange(length, dtype=torch.float64) + 0.5 for length in self.shape)
        return torch.meshgrid(y, x, indexing="ij")  # type: ignore[return-value]

    def corners(self) -> tuple[Tensor, Tensor]:
        """Return y and x of the pixel corners in order around each, shape ``(rows, columns, 4)``."""
        y, x = self.centres()
        dy, dx = torch.tensor([-0.5, -0.5, 0.5, 0.5]), torch.tensor([-0.5, 0.5, 0.5, -0.5])
        return y[..., None] + dy, x[..., None] + dx

    def directions(self, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return 2θ and χ in rad at positions in pixels; χ is counted from x towards y."""
        p1, p2 = y * self.pixel[0] - self.poni[0], x * self.pixel[1] - self.poni[1]
        (c1, s1), (c2, s2), (c3, s3) = ((math.cos(angle), math.sin(angle)) for angle in self.rotations)
        length = self.distance
        t1 = p1 * c2 * c3 + p2 * (c3 * s1 * s2 - c1 * s3) - length * (c1 * c3 * s2 + s1 * s3)
        t2 = p1 * c2 * s3 + p2 * (c1 * c3 + s1 * s2 * s3) - length * (-c3 * s1 + c1 * s2 * s3)
        t3 = p1 * s2 - p2 * c2 * s1 + length * c1 * c2
        return torch.atan2(torch.hypot(t1, t2), t3), torch.atan2(t1, t2)

    def radial(self, two_theta: Tensor, unit: RadialUnit) -> Tensor:
        """Return 2θ (rad) in `unit`; ``q = 4 pi sin(θ) / wavelength``."""
        if unit == "2th_deg":
            return torch.rad2deg(two_theta)
        scale = {"q_A^-1": 1e-10, "q_nm^-1": 1e-9}[unit]
        return 4.0 * math.pi / self.wavelength * scale * torch.sin(two_theta / 2.0)

    def solid_angle(self) -> Tensor:
        """Return each pixel's solid angle relative to one at normal incidence, ``cos(incidence)**3``."""
        y, x = self.centres()
        off = torch.hypot(y * self.pixel[0] - self.poni[0], x * self.pixel[1] - self.poni[1])
        return (1.0 + (off / self.distance) ** 2) ** -1.5

    def polarisation(self, factor: float) -> Tensor:
        """Return the share of scattering that a polarised beam leaves in each direction.

        ``(1 + cos²2θ - factor cos(2χ) sin²2θ) / 2``, where `factor` is 1 for a beam polarised along x.
        """
        two_theta, chi = self.directions(*self.centres())
        square = torch.cos(two_theta) ** 2
        return 0.5 * (1.0 + square - factor * torch.cos(2.0 * chi) * (1.0 - square))
