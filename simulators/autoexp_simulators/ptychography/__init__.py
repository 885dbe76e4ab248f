"""Far-field patterns of a small coherent beam on a thin sample."""

from autoexp_simulators.ptychography.beamline import ptychography_beamline
from autoexp_simulators.ptychography.sample import Star
from autoexp_simulators.ptychography.scene import PtychographyScene

__all__ = ["PtychographyScene", "Star", "ptychography_beamline"]
