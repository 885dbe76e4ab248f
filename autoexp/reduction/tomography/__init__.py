"""Tomography: slices from projections."""

from autoexp.reduction.tomography.axis import axis_by_mass, axis_by_pairs
from autoexp.reduction.tomography.backprojection import BackProjection, back_projection
from autoexp.reduction.tomography.iterative import Iterative, Solution
from autoexp.reduction.tomography.lines import line_integrals
from autoexp.reduction.tomography.normal import NormalOperator, Smearing, normal_equations
from autoexp.reduction.tomography.projections import Projections, Views
from autoexp.reduction.tomography.reducer import Tomography
from autoexp.reduction.tomography.weights import angle_weights

__all__ = [
    "BackProjection",
    "Iterative",
    "NormalOperator",
    "Projections",
    "Smearing",
    "Solution",
    "Tomography",
    "Views",
    "angle_weights",
    "axis_by_mass",
    "axis_by_pairs",
    "back_projection",
    "line_integrals",
    "normal_equations",
]
