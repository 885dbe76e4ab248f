"""A picture of agents compared: score by point and by beam time."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def carried(score: "xr.DataArray") -> "xr.DataArray":
    """Return a score with the latest known value of each track where it is not known, dimension ``point`` last."""
    values = score.values
    known = np.where(np.isfinite(values), np.arange(values.shape[-1]), 0)
    return score.copy(data=np.take_along_axis(values, np.maximum.accumulate(known, axis=-1), axis=-1))


def draw_comparison(data: "xr.Dataset", path: Path) -> Path:
    """Draw medians over seeds with quartiles, and each seed's track, to a PNG.

    Parameters
    ----------
    data
        As in `autoexp.bench.Comparison`.
    path
        Of the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    by_point, by_time = figure.subplots(1, 2, sharey=True)
    score = carried(data.score)
    for number, agent in enumerate(data.agent.values):
        tracks, times = score.sel(agent=agent).values, data.beam_time.sel(agent=agent).values
        _draw_band(by_point, data.point.values, tracks, str(agent), f"C{number}")
        _draw_tracks(by_time, times, tracks, f"C{number}")
    unit = data.score.attrs["units"]
    by_point.set(xlabel="points", ylabel=f"{data.attrs['goal']} / {unit}" if unit else data.attrs["goal"])
    by_time.set(xlabel="beam time / s")
    by_point.set_title("median and quartiles over seeds", fontsize="medium")
    by_time.set_title("each seed", fontsize="medium")
    values = score.values[np.isfinite(score.values)]
    if data.attrs["lower_is_better"] and len(values) and values.min() > 0 and values.max() > 10 * values.min():
        by_point.set_yscale("log")
    by_point.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def _draw_band(axes: Any, points: np.ndarray, tracks: np.ndarray, name: str, colour: str) -> None:
    known = np.isfinite(tracks).any(axis=0)
    low, median, high = np.nanpercentile(tracks[:, known], [25, 50, 75], axis=0)
    axes.fill_between(points[known], low, high, color=colour, alpha=0.2, linewidth=0, step="post")
    axes.plot(points[known], median, color=colour, label=name, drawstyle="steps-post")


def _draw_tracks(axes: Any, times: np.ndarray, tracks: np.ndarray, colour: str) -> None:
    for time, track in zip(times, tracks, strict=True):
        axes.plot(time, track, color=colour, alpha=0.6, linewidth=1, drawstyle="steps-post")
