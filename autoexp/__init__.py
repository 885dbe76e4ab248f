"""Self-driving experiments for synchrotron beamlines."""

from autoexp.constraints import LinearConstraint
from autoexp.data import replay, resume, warm_start
from autoexp.dofs import Dof
from autoexp.objectives import Bound, Classify, Contour, Explore, Maximize, Minimize, Target
from autoexp.records import Estimate, Observation, Source, Status, Suggestion, Why
from autoexp.space import Space

__all__ = [
    "Bound",
    "Classify",
    "Contour",
    "Dof",
    "Estimate",
    "Explore",
    "LinearConstraint",
    "Maximize",
    "Minimize",
    "Observation",
    "Source",
    "Space",
    "Status",
    "Suggestion",
    "Target",
    "Why",
    "replay",
    "resume",
    "warm_start",
]
