"""X-ray fluorescence of cells."""

from autoexp_simulators.xrf.beamline import xrf_beamline
from autoexp_simulators.xrf.sample import Cell
from autoexp_simulators.xrf.scene import XrfScene, xrf_scene
from autoexp_simulators.xrf.spectrum import EnergyDispersive

__all__ = ["Cell", "EnergyDispersive", "XrfScene", "xrf_beamline", "xrf_scene"]
