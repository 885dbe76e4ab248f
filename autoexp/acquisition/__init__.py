"""Scores of a posterior, and the search for their best point."""

from autoexp.acquisition.scores import (
    Augmented,
    Feasibility,
    Improvement,
    Scored,
    Straddle,
    TargetImprovement,
    Uncertainty,
)
from autoexp.acquisition.search import Candidates

__all__ = [
    "Augmented",
    "Candidates",
    "Feasibility",
    "Improvement",
    "Scored",
    "Straddle",
    "TargetImprovement",
    "Uncertainty",
]
