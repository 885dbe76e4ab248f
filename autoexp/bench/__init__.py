"""Agents against Scenes whose truth is known."""

from autoexp.bench.compare import compare
from autoexp.bench.comparison import Comparison
from autoexp.bench.differences import Difference
from autoexp.bench.evidence import Evidence
from autoexp.bench.goals import Goal, OptimumFound, TopFound
from autoexp.bench.maps import EdgesFound, MapKnown, MapSimilar, PhasesKnown, TransitionLocated
from autoexp.bench.quantiles import continuous_quantile, pool_quantile
from autoexp.bench.raster import RasterRival, raster
from autoexp.bench.rivals import Effort, grid_effort, random_effort

__all__ = [
    "Comparison",
    "Difference",
    "EdgesFound",
    "Effort",
    "Evidence",
    "Goal",
    "MapKnown",
    "MapSimilar",
    "OptimumFound",
    "PhasesKnown",
    "RasterRival",
    "TopFound",
    "TransitionLocated",
    "compare",
    "continuous_quantile",
    "grid_effort",
    "pool_quantile",
    "random_effort",
    "raster",
]
