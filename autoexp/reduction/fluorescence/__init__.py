"""Fluorescence in physical terms: elements and energies instead of channels."""

from autoexp.reduction.fluorescence.calibration import EnergyCalibration
from autoexp.reduction.fluorescence.elements import Fluorescence, Scattering
from autoexp.reduction.fluorescence.lines import Emission, Line, emission

__all__ = ["Emission", "EnergyCalibration", "Fluorescence", "Line", "Scattering", "emission"]
