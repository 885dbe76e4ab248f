"""The lines that elements emit when a beam excites them, after xraydb.

References
----------
.. [1] W. T. Elam, B. D. Ravel and J. R. Sieber, Radiat. Phys. Chem. 63, 121 (2002): edges, jumps, yields,
   Coster-Kronig probabilities and lines, as xraydb tells them.
.. [2] R. Jenkins, R. W. Gould and D. Gedcke, Quantitative X-ray Spectrometry, 2nd ed. (1995), chapter 1: vacancies of
   the L subshells by their absorption jumps and by Coster-Kronig transitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from autoexp.errors import ReductionError, listed

FAMILIES: Mapping[str, tuple[str, ...]] = {"K": ("K",), "L": ("L1", "L2", "L3")}
"""Shells that lose an electron, from the most bound on, by the family of lines that fill them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a family.

    Parameters
    ----------
    name
        In Siegbahn's notation, as ``"Ka1"``.
    energy
        In keV.
    share
        Of all photons of the family.
    """

    name: str
    energy: float
    share: float


@dataclass(frozen=True, slots=True)
class Emission:
    """The lines that an element emits by filling one shell.

    Parameters
    ----------
    symbol
        Of the element.
    family
        ``"K"`` or ``"L"``.
    lines
        Whose shares add to one.
    """

    symbol: str
    family: str
    lines: tuple[Line, ...]

    @property
    def main(self) -> tuple[Line, ...]:
        """The Kα or Lα lines, without those that have less than a tenth of the strongest."""
        alpha = [line for line in self.lines if line.name.startswith(f"{self.family}a")]
        strongest = max(line.share for line in alpha)
        return tuple(line for line in alpha if line.share > 0.1 * strongest)


def emission(symbol: str, family: str, incident: float) -> Emission:
    """Return the lines of an element under a beam of one energy.

    Within a shell the shares are the branching ratios [1]_. Of the three L shells, ``L_i`` gets the vacancies that
    the jumps tell, ``(1 - 1 / j_i)`` over the jumps of the shells above it that the beam ionises; Coster-Kronig
    transitions move some of them on; each shell emits in proportion to its yield [2]_. Vacancies of L that K lines
    leave behind are not counted.

    Parameters
    ----------
    symbol
        Of the element, as ``"Fe"``.
    family
        ``"K"`` or ``"L"``.
    incident
        Energy of the beam in keV.

    Raises
    ------
    ReductionError
        If there is no such element or family, the beam does not excite it, or xraydb is not installed.
    """
    shells = FAMILIES.get(family)
    if shells is None:
        raise ReductionError(f"a family of lines must be one of {listed(FAMILIES)}, got {family!r} for {symbol!r}")
    xraydb = _xraydb()
    edges = _edges(xraydb, symbol)
    photons = _photons(xraydb, symbol, {shell: edges[shell] for shell in shells if shell in edges}, incident)
    if not photons:
        lowest = f"{edges[shells[-1]].energy / 1e3:g} keV" if shells[-1] in edges else "none"
        raise ReductionError(
            f"the beam must be above the edge of {shells[-1]}, got {incident:g} keV, edge {lowest} for {symbol!r}"
        )
    lines = {
        name: (line.energy / 1e3, line.intensity * emitted)
        for shell, emitted in photons.items()
        for name, line in xraydb.xray_lines(symbol, shell).items()
    }
    total = sum(strength for _, strength in lines.values())
    if not total > 0 or not any(name.startswith(f"{family}a") for name in lines):
        raise ReductionError(f"an element must emit {family}α, got no such line for {symbol!r}")
    return Emission(symbol, family, tuple(Line(name, energy, each / total) for name, (energy, each) in lines.items()))


def _photons(xraydb: ModuleType, symbol: str, edges: Mapping[str, Any], incident: float) -> dict[str, float]:
    """Return the photons that each shell emits, in proportion; of those only that the beam ionises."""
    vacancies: dict[str, float] = {}
    left = 1.0
    for shell, edge in edges.items():
        if incident * 1e3 > edge.energy:
            vacancies[shell] = left * (1.0 - 1.0 / edge.jump_ratio)
            left /= edge.jump_ratio
    moved = {
        shell: sum(
            number * float(xraydb.ck_probability(symbol, inner, shell, total=True))
            for inner, number in vacancies.items()
            if inner < shell
        )
        for shell in vacancies
    }
    return {shell: (number + moved[shell]) * edges[shell].fyield for shell, number in vacancies.items()}


def _edges(xraydb: ModuleType, symbol: str) -> Mapping[str, Any]:
    try:
        return dict(xraydb.xray_edges(symbol))
    except ValueError as error:
        raise ReductionError(f"an element must be a symbol that xraydb knows, got {symbol!r}") from error


def _xraydb() -> ModuleType:
    try:
        import xraydb
    except ImportError as error:
        raise ReductionError("lines of elements need xraydb: pip install autoexp[fluorescence]") from error
    return xraydb  # type: ignore[no-any-return]
