"""How fast speckles change.

References
----------
.. [1] B. J. Berne and R. Pecora, Dynamic Light Scattering (1976), sections 2.4 and 5.4: Siegert's relation,
   translational diffusion.
.. [2] A. Einstein, Ann. Phys. 322, 549 (1905): diffusion of spheres.
.. [3] L. Cipelletti et al., Faraday Discuss. 123, 237 (2003): stretched correlations and ageing as a power of the age.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BOLTZMANN = 1.380649e-23
"""In J/K."""

GAS_CONSTANT = 8.314462618
"""In J/(mol K)."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """Spheres in a viscous liquid.

    Parameters
    ----------
    radius
        Of the spheres in m.
    viscosity
        Of the liquid at `reference`, in Pa s.
    reference
        In K.
    activation
        By which viscosity falls with temperature, in J/mol.
    stretch
        Exponent of the correlation: 1 for diffusion, less for a spread of rates; at most 2.
    ageing
        Exponent with which it slows down with its age; 0 for not at all.
    youth
        Age in seconds at time zero.
    """

    radius: float = 30e-9
    viscosity: float = 6.0
    reference: float = 300.0
    activation: float = 6e4
    stretch: float = 1.0
    ageing: float = 0.0
    youth: float = 600.0

    def __post_init__(self) -> None:
        if not 0.0 < self.stretch <= 2.0:
            raise ValueError(f"stretch must be above 0 and at most 2, got {self.stretch}")

    def diffusion(self, temperature: FloatArray) -> FloatArray:
        """Return the diffusion coefficient in m²/s: ``k T / (6 pi eta R)`` (Einstein) with Arrhenius's viscosity."""
        kelvin = np.asarray(temperature, dtype=float)
        eta = self.viscosity * np.exp(self.activation / GAS_CONSTANT * (1.0 / kelvin - 1.0 / self.reference))
        return np.asarray(BOLTZMANN * kelvin / (6.0 * np.pi * eta * self.radius))

    def relaxation_time(self, q: FloatArray, temperature: FloatArray) -> FloatArray:
        """Return ``1 / (D q²)`` (Berne and Pecora) in seconds at time zero, for q in 1/Å and temperatures in K."""
        return np.asarray(1.0 / (self.diffusion(temperature) * (np.asarray(q) * 1e10) ** 2))

    def spread(self, temperature: FloatArray, time: FloatArray) -> FloatArray:
        """Return the integral of the diffusion coefficient over beamline time since the first, in m².

        With age the coefficient falls as ``(1 + time / youth)**-ageing`` (Cipelletti).

        Parameters
        ----------
        temperature, time
            In K and s, shape ``(n,)``; a temperature lasts until the next time.
        """
        steps = np.diff(time)
        slower = (1.0 + (np.asarray(time)[:-1] + 0.5 * steps) / self.youth) ** -self.ageing
        return np.concatenate([[0.0], np.cumsum(self.diffusion(temperature)[:-1] * slower * steps)])

    def correlation(self, q: FloatArray, spread: FloatArray) -> FloatArray:
        """Return the field's correlation between all pairs of frames, shape ``(k, n, n)``.

        ``g1 = exp(-(q² |s - s'|)**stretch)`` of the spread ``s`` at both times: for a constant coefficient
        ``exp(-(D q² tau)**stretch)``. Intensities then have ``g2 = 1 + beta g1²`` (Berne and Pecora).

        Parameters
        ----------
        q
            In 1/Å, shape ``(k,)``.
        spread
            As `spread` returns it, shape ``(n,)``.
        """
        between = np.abs(spread[:, None] - spread[None, :])
        return np.asarray(np.exp(-((np.multiply.outer((q * 1e10) ** 2, between)) ** self.stretch)))
