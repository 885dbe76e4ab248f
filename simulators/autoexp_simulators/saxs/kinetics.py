"""How much has crystallised, by temperature and time.

References
----------
.. [1] M. Avrami, J. Chem. Phys. 7, 1103 (1939) and 8, 212 (1940); W. A. Johnson and R. F. Mehl, Trans. AIME 135,
   416 (1939).
.. [2] A. Ziabicki, Colloid Polym. Sci. 252, 433 (1974): rate of crystallisation as a Gaussian of the temperature.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crystallisation:
    """Crystallisation after a quench.

    Parameters
    ----------
    transition
        Temperature in K at which half crystallises in the end.
    width
        Of the transition, in K.
    fastest
        Temperature in K at which it is fastest.
    rate
        There, in 1/s.
    range
        Full width at half maximum of the rate over temperature, in K.
    exponent
        Avrami's; 3 for plates that grow from nuclei that appear one by one, or spheres from nuclei that were there.
    """

    transition: float = 352.0
    width: float = 1.5
    fastest: float = 325.0
    rate: float = 0.02
    range: float = 45.0
    exponent: float = 3.0

    def equilibrium(self, temperature: FloatArray) -> FloatArray:
        """Return the crystalline share in the end, of two states in equilibrium: ``1 / (1 + exp((T - T0) / w))``."""
        scaled = (np.asarray(temperature, dtype=float) - self.transition) / self.width
        return np.asarray(0.5 * (1.0 - np.tanh(0.5 * scaled)))

    def rates(self, temperature: FloatArray) -> FloatArray:
        """Return the rate in 1/s, ``k exp(-4 ln 2 (T - Tmax)² / D²)`` (Ziabicki)."""
        scaled = (np.asarray(temperature, dtype=float) - self.fastest) / self.range
        return np.asarray(self.rate * np.exp(-4.0 * math.log(2.0) * scaled**2))

    def order(self, temperature: FloatArray, hold: FloatArray) -> FloatArray:
        """Return the crystalline share after `hold` seconds at a temperature in K.

        Of what crystallises in the end it is ``1 - exp(-(k t)^n)`` (Avrami).
        """
        progress = (self.rates(temperature) * np.maximum(hold, 0.0)) ** self.exponent
        return np.asarray(-self.equilibrium(temperature) * np.expm1(-progress))
