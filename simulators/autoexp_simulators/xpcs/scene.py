"""The Scene of a photon-correlation beamline: coherent light on a suspension."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoexp.reduction.geometry import Poni
from autoexp_simulators.saxs.physics import form_factor
from autoexp_simulators.xpcs.physics import FloatArray, Suspension
from autoexp_simulators.xpcs.speckles import SpeckleGrid

if TYPE_CHECKING:
    import xarray as xr

TEMPERATURE_RANGE = (270.0, 320.0)
"""Of the controller, in K."""

BANDS = (("inner", 3.9e-3, 4.1e-3), ("outer", 7.8e-3, 8.2e-3))
"""Name, low and high in 1/Å of what `XpcsScene.expected` describes."""

_RINGS = 48


def _geometry() -> Poni:
    pixel = 55e-6
    return Poni((512, 512), (pixel, pixel), 10.0, (-100.0 * pixel, 256.0 * pixel), wavelength=1.5e-10)


@dataclass(frozen=True, eq=False)
class XpcsScene:
    """Spheres in a viscous liquid, seen as speckles on an area detector.

    Each call of `photons` is one movie of fresh speckles.

    Parameters
    ----------
    suspension
        What moves.
    seed
        Of the movies.
    geometry
        The detector.
    polydispersity
        Standard deviation of the radius over its mean, for the mean intensity.
    coherent
        Share of the light that interferes; the contrast ``beta`` is its square.
    speckle
        Size of a speckle in pixels.
    brightness
        Photons per second and pixel towards q = 0.
    frames
        Per movie.
    period
        Seconds from frame to frame, for which `expected` is.
    """

    suspension: Suspension = field(default_factory=Suspension)
    seed: int = 0
    geometry: Poni = field(default_factory=_geometry)
    polydispersity: float = 0.1
    coherent: float = 0.6
    speckle: int = 2
    brightness: float = 200.0
    frames: int = 32
    period: float = 0.05
    movies: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def __post_init__(self) -> None:
        if any(size % self.speckle for size in self.geometry.shape):
            raise ValueError(f"shape must be a multiple of speckle, got {self.geometry.shape} and {self.speckle}")

    @property
    def beta(self) -> float:
        """Contrast of one frame: ``g2(0) - 1``."""
        return self.coherent**2

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``speckle_inner`` and ``speckle_outer``: the contrast of a whole movie in `BANDS`, at time zero.

        The mean over all pairs of frames of ``beta g1²``.

        Parameters
        ----------
        points
            ``temperature`` in K, shape ``(n,)``.
        """
        times = np.asarray(self.period * np.arange(self.frames), dtype=float)
        contrasts = [self._contrast(float(each), times) for each in np.atleast_1d(points["temperature"])]
        table = np.array(contrasts).reshape(-1, len(BANDS))
        return {f"speckle_{name}": table[:, place] for place, (name, _, _) in enumerate(BANDS)}

    def _contrast(self, temperature: float, times: FloatArray) -> list[float]:
        spread = self.suspension.spread(np.full(len(times), temperature), times)
        q = np.concatenate([np.linspace(low, high, 5) for _, low, high in BANDS])
        pairs = (self.suspension.correlation(q, spread) ** 2).mean(axis=(1, 2))
        return [self.beta * float(part.mean()) for part in pairs.reshape(len(BANDS), -1)]

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return a movie: the expected photons per second of each pixel, frame by frame.

        See `autoexp_simulators.specs.Photons`. A frame is a snapshot: exposures are short against the relaxation.
        """
        temperature, times = positions["temperature"].cpu().numpy(), time.cpu().numpy().astype(float)
        generator = torch.Generator(time.device).manual_seed(self._next_seed())
        correlations = self.suspension.correlation(self._ring_q, self.suspension.spread(temperature, times))
        movie = self._grid.intensities(torch.from_numpy(correlations).to(time.device), generator)
        mean = self._mean_image.to(time.device)
        return torch.addcmul((1.0 - self.coherent) * mean, movie, self.coherent * mean, out=movie)

    def _next_seed(self) -> int:
        return int(np.random.default_rng([self.seed, next(self.movies)]).integers(2**63))

    def _q(self) -> FloatArray:
        """Return q of each pixel in 1/Å, shape ``(y, x)``."""
        two_theta, _ = self.geometry.directions(*self.geometry.centres())
        return np.asarray(self.geometry.radial(two_theta, "q_A^-1").numpy())

    @cached_property
    def _mean_image(self) -> Tensor:
        radius = self.suspension.radius * 1e10
        table = np.linspace(self._q().min(), self._q().max(), 2001)
        image = np.interp(self._q(), table, form_factor(table, radius, self.polydispersity))
        return torch.from_numpy(self.brightness * image).to(torch.float32)

    @cached_property
    def _ring_edges(self) -> FloatArray:
        return np.linspace(self._q().min(), self._q().max() * (1 + 1e-9), _RINGS + 1)

    @property
    def _ring_q(self) -> FloatArray:
        return 0.5 * (self._ring_edges[1:] + self._ring_edges[:-1])

    @cached_property
    def _grid(self) -> SpeckleGrid:
        q = self._q().reshape(self.geometry.shape[0] // self.speckle, self.speckle, -1, self.speckle).mean(axis=(1, 3))
        rings = np.clip(np.digitize(q, self._ring_edges) - 1, 0, _RINGS - 1)
        return SpeckleGrid(np.pad(rings, 1, mode="edge").astype(np.int64), self.speckle)

    def truth(self) -> "xr.Dataset":
        """Return diffusion coefficient, relaxation times and ``g2`` by q, temperature and lag, all at time zero."""
        import xarray as xr

        temperature, lag = np.linspace(*TEMPERATURE_RANGE, 51), np.geomspace(1e-2, 1e2, 61)
        q = np.linspace(self._q().min(), self._q().max(), 41)
        times = self.suspension.relaxation_time(q[:, None], temperature[None, :])
        g2 = 1.0 + self.beta * np.exp(-2.0 * (lag / times[..., None]) ** self.suspension.stretch)
        return xr.Dataset(
            {
                "relaxation_time": (("q", "temperature"), times, {"units": "s"}),
                "diffusion": (("temperature",), self.suspension.diffusion(temperature), {"units": "m^2/s"}),
                "g2": (("q", "temperature", "lag"), g2, {"units": ""}),
            },
            coords={
                "q": ("q", q, {"units": "1/angstrom"}),
                "temperature": ("temperature", temperature, {"units": "K"}),
                "lag": ("lag", lag, {"units": "s"}),
            },
            attrs={
                "beta": self.beta,
                "stretch": self.suspension.stretch,
                "ageing": self.suspension.ageing,
                "radius_m": self.suspension.radius,
            },
        )


def xpcs_scene(seed: int) -> XpcsScene:
    """Return a suspension whose spheres, viscosity and activation vary with `seed` by some ten percent."""
    generator = np.random.default_rng(seed)
    suspension = Suspension(
        radius=float(generator.uniform(25e-9, 35e-9)),
        viscosity=float(generator.uniform(4.0, 9.0)),
        activation=float(generator.uniform(5e4, 8e4)),
    )
    return XpcsScene(suspension, seed)
