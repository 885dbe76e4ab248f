"""Ptychography: a complex image of a sample from overlapping far-field patterns."""

from autoexp.reduction.ptychography.engine import Engine, Estimate, engine
from autoexp.reduction.ptychography.optics import FarField, ObjectGrid
from autoexp.reduction.ptychography.reducer import Ptychography
from autoexp.reduction.ptychography.running import RunningPtychography

__all__ = ["Engine", "Estimate", "FarField", "ObjectGrid", "Ptychography", "RunningPtychography", "engine"]
