"""Which goal fits which objective."""

from autoexp.bench.goals import Goal, OptimumFound
from autoexp.bench.maps import EdgesFound, MapKnown, PhasesKnown
from autoexp.objectives import Classify, Contour, Explore, Objective


def default_goal(objective: Objective) -> Goal:
    """Return the goal that fits an objective: map, edges or phase map; otherwise the optimum."""
    if isinstance(objective, Explore):
        return MapKnown()
    if isinstance(objective, Contour):
        return EdgesFound()
    return PhasesKnown() if isinstance(objective, Classify) else OptimumFound()
