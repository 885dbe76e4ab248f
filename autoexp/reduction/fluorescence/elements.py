"""Regions and line shapes of named elements: what reducers of spectra need, from an energy calibration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from autoexp.errors import ReductionError
from autoexp.reduction.fluorescence.calibration import FWHM, EnergyCalibration
from autoexp.reduction.fluorescence.lines import FAMILIES, Emission, emission
from autoexp.reduction.records import FloatArray
from autoexp.reduction.spectra import Region, SpectrumFit

_NOTHING: Mapping[str, FloatArray] = {}
_ELECTRON = 510.99895
"""Rest energy of the electron in keV."""


@dataclass(frozen=True, slots=True)
class Scattering:
    """What the sample scatters into the detector.

    Parameters
    ----------
    angle
        Between the beam and the way to the detector, in degrees.
    broadening
        Standard deviation of the Compton peak beyond the detector's resolution, in keV: electrons move, and the
        detector sees a range of angles.
    """

    angle: float = 90.0
    broadening: float = 0.09

    def compton(self, energy: float) -> float:
        """Return the energy after Compton scattering, ``E / (1 + E / mc² (1 - cos angle))``, in keV.

        The formula is that of A. H. Compton, Phys. Rev. 21, 483 (1923).
        """
        return energy / (1.0 + energy / _ELECTRON * (1.0 - math.cos(math.radians(self.angle))))


@dataclass(frozen=True, slots=True)
class Fluorescence:
    """Elements under a beam of one energy, as a calibrated detector sees them.

    An element is named by its symbol, ``"Fe"``, or with the family of its lines, ``"Pb L"``. Without one it is K
    where the beam excites K and Kα is in the spectrum, else L. Its field is named ``Fe``, or ``Pb_L``.

    Parameters
    ----------
    calibration
        Of the detector.
    incident
        Energy of the beam in keV.

    Raises
    ------
    ReductionError
        If the beam's energy is not positive.
    """

    calibration: EnergyCalibration
    incident: float

    def __post_init__(self) -> None:
        if not 0 < self.incident < math.inf:
            raise ReductionError(f"the beam's energy must be positive, got {self.incident} keV")

    def emission(self, element: str) -> Emission:
        """Return the lines of an element.

        Raises
        ------
        ReductionError
            If there is no such element, the beam does not excite it, or its main line is not in the spectrum.
        """
        symbol, _, family = element.partition(" ")
        if family:
            return self._within(emission(symbol, family, self.incident))
        refused: list[str] = []
        for each in FAMILIES:
            try:
                return self._within(emission(symbol, each, self.incident))
            except ReductionError as error:
                refused.append(str(error))
        raise ReductionError("; ".join(dict.fromkeys(refused)))

    def _within(self, found: Emission) -> Emission:
        low, high = (pick(line.energy for line in found.main) for pick in (min, max))
        if not self.calibration.holds(low, high):
            first, last = self.calibration.span
            raise ReductionError(
                f"lines must be in the spectrum, {first:g} to {last:g} keV, got {high:g} keV of {found.family}α"
                f" for {found.symbol!r}"
            )
        return found

    def regions(self, *elements: str, width: float = 1.0) -> tuple[Region, ...]:
        """Return the channels around each element's Kα or Lα, for `autoexp.reduction.RegionSums`.

        Parameters
        ----------
        *elements
            Their names.
        width
            From the line to either end, in full widths at half maximum; 1 holds 98 % of the counts.

        Raises
        ------
        ReductionError
            As `emission`; and if a region ends beyond the spectrum, or `width` is not positive.
        """
        if not width > 0:
            raise ReductionError(f"width must be positive, got {width}")
        return tuple(self._region(element, width) for element in elements)

    def _region(self, element: str, width: float) -> Region:
        energies = [line.energy for line in self.emission(element).main]
        low, high = (
            each + side * width * FWHM * self.calibration.sigma(each)
            for each, side in ((min(energies), -1), (max(energies), 1))
        )
        if not self.calibration.holds(low, high):
            first, last = self.calibration.span
            raise ReductionError(
                f"regions must be in the spectrum, {first:g} to {last:g} keV, got {low:g} to {high:g} for {element!r}"
            )
        return Region(_field(element), self.calibration.channel(low), self.calibration.channel(high) + 1)

    def shape(self, element: str) -> FloatArray:
        """Return the share of an element's photons in each channel, all lines of its family, shape ``(channels,)``."""
        lines = self.emission(element).lines
        return np.asarray(sum(line.share * self.calibration.peak(line.energy) for line in lines), dtype=float)

    def fit(
        self,
        *elements: str,
        scattering: Scattering | None = None,
        background: float | None = None,
        others: Mapping[str, FloatArray] = _NOTHING,
        unit: str = "count",
    ) -> SpectrumFit:
        """Return a fit whose amounts are the counts of all lines of each element's family.

        Parameters
        ----------
        *elements
            Their names.
        scattering
            Adds the fields ``elastic`` and ``compton``.
        background
            Half width of the widest line in keV, for a SNIP background; None for none.
        others
            Spectrum of one unit of anything else by name, shape ``(channels,)`` each.
        unit
            Of the amounts.

        Raises
        ------
        ReductionError
            As `emission`; and if components are not independent, or a spectrum has not the detector's channels.
        """
        shapes = {_field(element): self.shape(element) for element in elements}
        if scattering is not None:
            shapes["elastic"] = self.calibration.peak(self.incident)
            shapes["compton"] = self.calibration.peak(scattering.compton(self.incident), scattering.broadening)
        for name, other in others.items():
            if np.shape(other) != (self.calibration.channels,):
                raise ReductionError(
                    f"a spectrum must have {self.calibration.channels} channels, got {np.shape(other)} for {name!r}"
                )
            shapes[name] = np.asarray(other, dtype=float)
        columns = torch.from_numpy(np.stack(list(shapes.values()), axis=1))
        half_width = None if background is None else max(1, round(background / self.calibration.gain))
        return SpectrumFit(columns, tuple(shapes), unit, half_width)


def _field(element: str) -> str:
    return element.replace(" ", "_")
