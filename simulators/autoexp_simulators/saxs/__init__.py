"""Small- and wide-angle scattering of particles that crystallise."""

from autoexp_simulators.saxs.beamline import saxs_beamline
from autoexp_simulators.saxs.kinetics import Crystallisation
from autoexp_simulators.saxs.scene import SaxsScene

__all__ = ["Crystallisation", "SaxsScene", "saxs_beamline"]
