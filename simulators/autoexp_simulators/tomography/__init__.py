"""Projections of a rotating sample that absorbs."""

from autoexp_simulators.tomography.beamline import tomography_beamline
from autoexp_simulators.tomography.phantom import Ellipsoid
from autoexp_simulators.tomography.scene import TomographyScene

__all__ = ["Ellipsoid", "TomographyScene", "tomography_beamline"]
