"""Movies of speckles that a suspension's Brownian motion sets moving."""

from autoexp_simulators.xpcs.beamline import xpcs_beamline
from autoexp_simulators.xpcs.physics import Suspension
from autoexp_simulators.xpcs.scene import XpcsScene

__all__ = ["Suspension", "XpcsScene", "xpcs_beamline"]
