"""One sample seen by fluorescence and by diffraction."""

from autoexp_simulators.multimodal.beamline import multimodal_beamline
from autoexp_simulators.multimodal.scene import MultimodalScene, multimodal_scene

__all__ = ["MultimodalScene", "multimodal_beamline", "multimodal_scene"]
