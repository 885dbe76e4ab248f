"""The Scene of a Bragg peak that vanishes where order melts.

References
----------
.. [1] M. F. Collins, Magnetic Critical Scattering (1989), chapters 2 and 3: what scatters below and above a
   continuous transition.
.. [2] A. Pelissetto and E. Vicari, Phys. Rep. 368, 549 (2002): exponents and ratio of amplitudes of the
   three-dimensional Ising class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]

TEMPERATURE_RANGE = (20.0, 120.0)
"""Of the controller, in K."""

_PARTS = 64


@dataclass(frozen=True, slots=True)
class TransitionScene:
    """A point detector on a superstructure peak whose intensity is the square of the order parameter.

    Parameters
    ----------
    transition
        Mean transition temperature in K.
    spread
        Standard deviation of it from grain to grain, in K.
    beta
        Exponent of the order parameter, ``m = (1 - T / Tc)^beta``.
    gamma
        Exponent of the critical scattering.
    amplitude_ratio
        Critical scattering above the transition over that below, at the same distance.
    finite
        Distance from the transition, relative to it, below which the critical scattering grows no more.
    peak, critical, background
        Counts per second: of the peak at zero temperature, of critical scattering at ``T = 2 Tc``, and of
        everything else.
    exposure
        Seconds, for which `expected` gives counts.
    """

    transition: float = 70.0
    spread: float = 0.15
    beta: float = 0.3265
    gamma: float = 1.237
    amplitude_ratio: float = 4.76
    finite: float = 2e-3
    peak: float = 1e6
    critical: float = 1.0
    background: float = 0.5
    exposure: float = 1.0

    def order_parameter(self, temperature: FloatArray) -> FloatArray:
        """Return ``(1 - T / Tc)^beta`` below the mean transition temperature, and 0 above."""
        below = 1.0 - np.asarray(temperature, dtype=float) / self.transition
        return np.clip(below, 0.0, None) ** self.beta

    def rates(self, temperature: FloatArray) -> FloatArray:
        """Return counts per second at temperatures in K, any shape.

        Each grain gives ``peak m²`` and critical scattering ``C± (t² + finite²)^(-gamma / 2)`` with
        ``t = T / Tc - 1`` [1]_; exponents and ``C+ / C-`` are by default those of the three-dimensional
        Ising class [2]_. The mean is over 64 grains of equal probability.
        """
        grains = self.transition + self.spread * ndtri((np.arange(_PARTS) + 0.5) / _PARTS)
        away = np.asarray(temperature, dtype=float)[..., None] / grains - 1.0
        bragg = self.peak * np.clip(-away, 0.0, None) ** (2.0 * self.beta)
        amplitude = self.critical * np.where(away > 0, 1.0, 1.0 / self.amplitude_ratio)
        critical = amplitude * (away**2 + self.finite**2) ** (-self.gamma / 2.0)
        return np.asarray((bragg + critical).mean(axis=-1) + self.background)

    def expected(self, points: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return ``bragg_intensity``, the counts of one exposure.

        Parameters
        ----------
        points
            ``temperature`` in K, shape ``(n,)``.
        """
        return {"bragg_intensity": self.exposure * self.rates(points["temperature"])}

    def photons(self, positions: Mapping[str, Tensor], time: Tensor) -> Tensor:
        """Return what is counted per second, shape ``(n, 1, 1)``; see `autoexp_simulators.specs.Photons`."""
        rates = self.rates(positions["temperature"].cpu().numpy())
        return torch.from_numpy(rates).to(time.device, torch.float32)[:, None, None]

    def truth(self) -> "xr.Dataset":
        """Return order parameter and count rate by temperature; the transition stands in the attributes."""
        import xarray as xr

        temperature = np.linspace(*TEMPERATURE_RANGE, 2001)
        return xr.Dataset(
            {
                "order_parameter": (("temperature",), self.order_parameter(temperature), {"units": ""}),
                "rate": (("temperature",), self.rates(temperature), {"units": "1/s"}),
            },
            coords={"temperature": ("temperature", temperature, {"units": "K"})},
            attrs={"transition_temperature": self.transition, "beta": self.beta},
        )


def transition_scene(seed: int) -> TransitionScene:
    """Return a transition between 45 and 100 K, by `seed`, rounded by 0.1 to 0.4 K."""
    generator = np.random.default_rng(seed)
    return TransitionScene(float(generator.uniform(45.0, 100.0)), float(generator.uniform(0.1, 0.4)))
