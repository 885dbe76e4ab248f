"""Absorption edges.

References
----------
.. [1] F. K. Richtmyer, S. W. Barnes and E. Ramberg, Phys. Rev. 46, 843 (1934): a step broadened by the life
   time of the core hole is an arc tangent.
.. [2] T. Ressler, J. Wong, J. Roos and I. L. Smith, Environ. Sci. Technol. 34, 950 (2000): spectra of mixtures as
   linear combinations of those of the species.
.. [3] J. A. Victoreen, J. Appl. Phys. 20, 1141 (1949): absorption away from edges.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Species:
    """A chemical state of the absorbing element.

    Parameters
    ----------
    name
        Of the species.
    edge
        Energy of the edge in eV: the middle of the step.
    white_line
        Height of the white line as a share of the edge step.
    white_line_offset
        From the edge to the middle of the white line, in eV.
    white_line_width
        Full width at half maximum of the white line, in eV.
    """

    name: str
    edge: float
    white_line: float
    white_line_offset: float = 4.0
    white_line_width: float = 5.0

    def step(self, energy: FloatArray, width: float) -> FloatArray:
        """Return the normalised absorption: 0 far below the edge, 1 far above.

        An arc tangent (Richtmyer) of full width `width` and a Lorentzian for the transitions to empty bound states::

            1/2 + arctan(2 (E - E0) / width) / pi + a / (1 + (2 (E - E0 - offset) / w)²)

        Parameters
        ----------
        energy
            In eV.
        width
            Of the core hole and of the monochromator together, in eV.
        """
        from_edge = np.asarray(energy, dtype=float) - self.edge
        line = 2.0 * (from_edge - self.white_line_offset) / self.white_line_width
        rise = np.arctan(2.0 * from_edge / width) / np.pi
        return np.asarray(0.5 + rise + self.white_line / (1.0 + line**2))


def mixture(species: tuple[Species, ...], fractions: FloatArray, energy: FloatArray, width: float) -> FloatArray:
    """Return the normalised absorption of mixtures: the mean of the species' own, by fraction (Ressler).

    Parameters
    ----------
    species
        Shape ``(k,)``.
    fractions
        Shape ``(k, n)``; they add up to 1.
    energy
        In eV, shape ``(n,)``.
    width
        As for `Species.step`.
    """
    steps = np.stack([each.step(energy, width) for each in species])
    return np.asarray((fractions * steps).sum(axis=0))


def victoreen(energy: FloatArray, reference: float) -> FloatArray:
    """Return what other shells and elements absorb, relative to `reference` (eV): ``(E / reference)**-3`` (Victoreen).

    Victoreen's term in ``E**-4`` is left out, which holds over a few hundred eV.
    """
    return np.asarray((np.asarray(energy, dtype=float) / reference) ** -3.0)
