"""Powder diffraction of a combinatorial wafer."""

from autoexp_simulators.wafer.beamline import wafer_beamline
from autoexp_simulators.wafer.powder import Phase
from autoexp_simulators.wafer.scene import WaferScene, wafer_scene

__all__ = ["Phase", "WaferScene", "wafer_beamline", "wafer_scene"]
