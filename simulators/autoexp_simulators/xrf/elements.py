"""Characteristic K lines of a few elements.

References
----------
.. [1] W. T. Elam, B. D. Ravel and J. R. Sieber, Radiat. Phys. Chem. 63, 121 (2002): lines, yields, jumps and
   cross sections, as distributed in XrayDB 4.5.
.. [2] B. Beckhoff et al. (eds.), Handbook of Practical X-Ray Fluorescence Analysis (2006), section 5: intensity
   of a thin sample.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """K fluorescence of an element excited at 12 keV.

    Parameters
    ----------
    name
        Its symbol.
    alpha, beta
        Energies of Kα and Kβ in eV, each the mean over its lines by intensity.
    beta_share
        Share of Kβ in both.
    production
        Cross section in cm²/g: photoabsorption, times the share that leaves a hole in the K shell,
        ``1 - 1 / jump``, times the fluorescence yield.
    """

    name: str
    alpha: float
    beta: float
    beta_share: float
    production: float


POTASSIUM = Element("K", 3312.9, 3590.1, 0.118, 5.47)
CALCIUM = Element("Ca", 3691.1, 4013.1, 0.119, 7.18)
MANGANESE = Element("Mn", 5896.5, 6492.0, 0.124, 25.56)
IRON = Element("Fe", 6400.8, 7059.6, 0.125, 31.76)
COPPER = Element("Cu", 8039.6, 8903.6, 0.128, 51.45)
ZINC = Element("Zn", 8629.3, 9569.9, 0.129, 59.28)

ELEMENTS = (POTASSIUM, CALCIUM, MANGANESE, IRON, COPPER, ZINC)
"""Elements of a cell, after [1]_."""
