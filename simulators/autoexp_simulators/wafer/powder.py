"""Powder rings of cubic phases.

References
----------
.. [1] W. L. Bragg, Proc. Camb. Phil. Soc. 17, 43 (1913).
.. [2] A. L. Patterson, Phys. Rev. 56, 978 (1939): width of rings, after P. Scherrer.
.. [3] B. E. Warren, X-ray Diffraction (1969), section 3: extinctions and multiplicities.
"""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def allowed(lattice: str, h: int, k: int, l: int) -> bool:  # noqa: E741
    """Return whether a lattice (``P``, ``I`` or ``F``) reflects at h, k, l [3]_."""
    if lattice == "I":
        return (h + k + l) % 2 == 0
    return lattice == "P" or h % 2 == k % 2 == l % 2


def multiplicities(lattice: str, largest: int) -> dict[int, int]:
    """Return how many planes of a cubic lattice have each ``h² + k² + l²`` up to `largest`."""
    reach = range(-math.isqrt(largest), math.isqrt(largest) + 1)
    found: dict[int, int] = {}
    for h, k, l in product(reach, reach, reach):  # noqa: E741
        square = h * h + k * k + l * l
        if 0 < square <= largest and allowed(lattice, h, k, l):
            found[square] = found.get(square, 0) + 1
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Phase:
    """A cubic phase.

    Parameters
    ----------
    name
        Of the phase.
    lattice
        ``P``, ``I`` or ``F``.
    constant
        Side of its cell in Å.
    size
        Of its crystals, in Å.
    strength
        Photons per second and pixel that all its planes together would add at ``q = 1/Å``.
    """

    name: str
    lattice: str
    constant: float
    size: float = 80.0
    strength: float = 8000.0

    def rings(self, largest: float) -> tuple[FloatArray, FloatArray]:
        """Return q of the rings up to `largest` in 1/Å, and their multiplicities.

        Bragg's law is ``q = 2 pi / d`` [1]_, with ``d = a / sqrt(h² + k² + l²)``.
        """
        reach = int((largest * self.constant / (2.0 * math.pi)) ** 2)
        squares = multiplicities(self.lattice, reach)
        q = 2.0 * math.pi * np.sqrt(np.array(list(squares), dtype=float)) / self.constant
        return q, np.array(list(squares.values()), dtype=float)

    def curve(self, q: FloatArray, largest: float) -> FloatArray:
        """Return photons per second and pixel at q in 1/Å, any shape.

        Rings are Gaussians of full width ``2 pi 0.94 / size`` [2]_. One is as bright as its multiplicity, spread by the
        Lorentz factor of small angles ``q**-2`` and damped by ``exp(-0.05 q²)``.
        """
        sigma = 2.0 * math.pi * 0.94 / self.size / math.sqrt(8.0 * math.log(2.0))
        centres, weights = self.rings(largest)
        heights = self.strength * weights / weights.sum() * centres**-2 * np.exp(-0.05 * centres**2)
        at = np.asarray(q, dtype=float)
        return sum(
            (
                height * np.exp(-0.5 * ((at - centre) / sigma) ** 2)
                for height, centre in zip(heights, centres, strict=True)
            ),
            np.zeros_like(at),
        )
