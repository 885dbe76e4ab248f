"""The key figures of runs as a picture."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autoexp.data.kpi import Kpi

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RUN, _RASTER, _GOAL = "#0b7285", "#adb5bd", "#c92a2a"
Series = tuple[str, str, Sequence[float]]
"""Label, colour, and a value for each run."""


def draw_kpis(rows: Sequence[Kpi], path: Path) -> None:
    """Save `kpi_figure` as a file; the ending names the format, folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kpi_figure(rows).savefig(path, dpi=120)


def kpi_figure(rows: Sequence[Kpi]) -> "Figure":
    """Return a figure of key figures, a group of bars for each run; no bar where the record cannot tell.

    Above, beam time and points beside those of rasters, and the model's coverage; below, the shares of dead time and
    of wasted points, the interventions, and the spread of the standardised residuals.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7), layout="constrained")
    axes = figure.subplots(2, 3)
    times = (
        ("to the answer", _GOAL, [row.time_to_answer for row in rows]),
        ("whole run", _RUN, [row.beam_time for row in rows]),
        ("raster of as many points", "#ced4da", [row.equal_time for row in rows]),
        ("raster as fine", "#868e96", [row.raster_time for row in rows]),
    )
    counts = (
        ("to the answer", _GOAL, [row.points_to_answer for row in rows]),
        ("whole run", _RUN, [float(row.points) for row in rows]),
        ("raster as fine", "#868e96", [row.raster_points for row in rows]),
    )
    coverage = (
        ("within 1 sigma", _RUN, [100 * row.coverage68 for row in rows]),
        ("within 1.96 sigma", _RASTER, [100 * row.coverage95 for row in rows]),
    )
    shares = (
        ("dead time", _RUN, [100 * row.dead_share for row in rows]),
        ("wasted points", _GOAL, [100 * row.wasted for row in rows]),
    )
    _bars(axes[0, 0], rows, times, "beam time / s", log=True)
    _bars(axes[0, 1], rows, counts, "points", log=True)
    _bars(axes[0, 2], rows, coverage, "values that came as predicted / %", goals=(68.3, 95.0))
    _bars(axes[1, 0], rows, shares, "share / %")
    _bars(axes[1, 1], rows, (("", _RUN, [row.interventions_per_hour for row in rows]),), "interventions per hour")
    spread = (("", _RUN, [row.residual_sigma for row in rows]),)
    _bars(axes[1, 2], rows, spread, "spread of residuals / sigma", goals=(1.0,))
    return figure


def _bars(
    axes: "Axes",
    rows: Sequence[Kpi],
    series: Sequence[Series],
    title: str,
    *,
    log: bool = False,
    goals: Sequence[float] = (),
) -> None:
    width = 0.8 / len(series)
    for place, (label, color, values) in enumerate(series):
        known = [(index, value) for index, value in enumerate(values) if math.isfinite(value)]
        at = [index + (place - (len(series) - 1) / 2) * width for index, _ in known]
        axes.bar(at, [value for _, value in known], width, color=color, label=label)
    for goal in goals:
        axes.axhline(goal, color=_GOAL, linestyle="--", linewidth=1)
    if log:
        axes.set_yscale("log")
    axes.set_title(title, fontsize=10)
    axes.set_xticks(range(len(rows)), [f"{row.uid[:8]}\n{row.agent}" for row in rows], fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(bottom=None if log else 0.0)
    if series[0][0]:
        axes.legend(fontsize=7, frameon=False)
