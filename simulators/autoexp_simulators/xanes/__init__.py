"""X-ray absorption near-edge structure of a sample whose species vary from place to place."""

from autoexp_simulators.xanes.beamline import xanes_beamline
from autoexp_simulators.xanes.physics import Species
from autoexp_simulators.xanes.sample import Particle
from autoexp_simulators.xanes.scene import XanesScene

__all__ = ["Particle", "Species", "XanesScene", "xanes_beamline"]
