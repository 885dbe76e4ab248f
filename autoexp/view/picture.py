"""The picture of a campaign: what was measured, what is believed, how sure, and where it went."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.campaign import Campaign
from autoexp.objectives import Maximize, Minimize, Objective, Target
from autoexp.protocols import Answers, Reports
from autoexp.records import Estimate

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TAIL = 0.1
"""Share of a map's lowest values that are drawn alike: a log score falls to minus hundreds beside a point."""

_INK, _GOOD, _BAD = "#1f2933", "#0b7285", "#c92a2a"


def draw_campaign(campaign: Campaign, path: Path) -> None:
    """Save `campaign_figure` as a file.

    Parameters
    ----------
    campaign
        With at least one usable observation.
    path
        Where; the ending names the format. Folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    campaign_figure(campaign).savefig(path, dpi=120)


def campaign_figure(campaign: Campaign, per_dof: int = 60) -> "Figure":
    """Return a figure of what a campaign measured and what its agent believes.

    Parameters
    ----------
    campaign
        With at least one usable observation.
    per_dof
        Resolution of the surrogate's maps.

    Returns
    -------
        Above, the measured values in order, with their sigmas and the answer, and where each Dof
        stood. Below, if the agent reports, the posterior mean and sigma and the acquisition's score
        along the one or two Dofs that matter most, the others standing at the best point; points
        are shown where they lie along these Dofs, from light to dark in their order.
    """
    from matplotlib.figure import Figure

    agent, data = campaign.agent, campaign.to_dataset()
    best = campaign.best() if isinstance(agent, Answers) else None
    report = agent.report(per_dof) if isinstance(agent, Reports) else None
    figure = Figure(figsize=(13, 8 if report is not None else 4.2), layout="constrained")
    grid = figure.add_gridspec(2 if report is not None else 1, 6)
    _draw_values(figure.add_subplot(grid[0, :3]), campaign.objectives[0], data, best)
    _draw_positions(figure.add_subplot(grid[0, 3:]), campaign, data)
    if report is not None:
        axes = [figure.add_subplot(grid[1, 2 * column : 2 * column + 2]) for column in range(3)]
        _draw_beliefs(axes, campaign, report, data, best)
    return figure


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _draw_values(axes: "Axes", objective: Objective, data: "xr.Dataset", best: Estimate | None) -> None:
    name, order = objective.name, np.arange(1, data.sizes["observation"] + 1)
    unit = data[name].attrs.get("units", "")
    values, usable = data[name].values, data["status"].values == "ok"
    sigmas = data[f"{name}_sigma"].values if f"{name}_sigma" in data else np.zeros_like(values)
    axes.errorbar(
        order[usable], values[usable], np.nan_to_num(sigmas[usable]), fmt="o", ms=4, color=_INK, lw=1, label="measured"
    )
    so_far = _best_so_far(objective, np.where(usable, values, np.nan))
    if so_far is not None:
        axes.step(order, so_far, where="post", color=_GOOD, lw=1, label="best measured so far")
    for number in order[~usable]:
        axes.axvline(
            number, color=_BAD, lw=1, ls=":", label="failed or suspect" if number == order[~usable][0] else None
        )
    if best is not None and name in best.mean:
        low, high = best.mean[name] - best.sigma[name], best.mean[name] + best.sigma[name]
        axes.axhspan(low, high, color=_GOOD, alpha=0.2, lw=0)
        axes.axhline(best.mean[name], color=_GOOD, ls="--", lw=1, label="the answer, with its sigma")
    if (
        np.nanmin(values[usable], initial=np.inf) > 0
        and np.nanmax(values[usable], initial=0) > 20 * values[usable].min()
    ):
        axes.set_yscale("log")
    axes.set(xlabel="point", ylabel=_label(name, unit), title="what was measured")
    axes.legend(frameon=False, fontsize="small")


def _best_so_far(objective: Objective, values: np.ndarray) -> np.ndarray | None:
    if isinstance(objective, Maximize):
        return np.fmax.accumulate(values)
    if isinstance(objective, Minimize):
        return np.fmin.accumulate(values)
    if isinstance(objective, Target):
        return objective.value + np.fmin.accumulate(np.abs(values - objective.value))
    return None


def _draw_positions(axes: "Axes", campaign: Campaign, data: "xr.Dataset") -> None:
    unit = campaign.space.to_unit([row.point for row in campaign.observations])
    order, column = np.arange(1, len(unit) + 1), 0
    for dof in campaign.space.dofs:
        share = unit[:, column : column + dof.width]
        heights = share[:, 0] if dof.width == 1 else share.argmax(axis=1) / max(1, dof.width - 1)
        axes.plot(order, heights, "-o", ms=3, lw=0.8, label=_label(dof.name, dof.unit))
        column += dof.width
    axes.set(xlabel="point", ylabel="share of the range", ylim=(-0.05, 1.05), title="where it went")
    axes.legend(frameon=False, fontsize="small", ncols=2)


def _draw_beliefs(
    axes: "list[Axes]", campaign: Campaign, report: "xr.Dataset", data: "xr.Dataset", best: Estimate | None
) -> None:
    name = campaign.objectives[0].name
    unit = campaign.units.get(name, "")
    titles = {
        f"{name}_mean": ("what the surrogate believes", _label(name, unit)),
        f"{name}_sigma": ("how sure it is", _label(f"sigma of {name}", unit)),
        "score": ("where it would go next", str(report["score"].attrs.get("long_name", "score"))),
    }
    for axis, (field, (title, label)) in zip(axes, titles.items(), strict=True):
        draw = _draw_map if report[field].ndim == 2 else _draw_curve
        draw(axis, report[field], label, campaign, data, best)
        axis.set_title(title)


def _draw_map(
    axes: "Axes", field: "xr.DataArray", label: str, campaign: Campaign, data: "xr.Dataset", best: Estimate | None
) -> None:
    x, y = (str(dim) for dim in field.dims)
    ticks = {dim: _numbers(field[dim].values) for dim in (x, y)}
    floor = np.quantile(field.values, _TAIL)
    image = axes.pcolormesh(ticks[x], ticks[y], field.values.T, shading="nearest", vmin=floor, rasterized=True)
    axes.figure.colorbar(image, ax=axes, label=label, extend="min")
    order = np.arange(data.sizes["observation"])
    axes.scatter(
        _positions(data, field, x), _positions(data, field, y), c=order, cmap="Greys", s=18, edgecolor="white", lw=0.5
    )
    if best is not None:
        at = [_position(best.point[dim], field[dim].values) for dim in (x, y)]
        axes.plot(*at, marker="*", ms=14, color=_BAD, mec="white")
    axes.set(xlabel=_label(x, campaign.units.get(x, "")), ylabel=_label(y, campaign.units.get(y, "")))


def _draw_curve(
    axes: "Axes", field: "xr.DataArray", label: str, campaign: Campaign, data: "xr.Dataset", best: Estimate | None
) -> None:
    (x,) = (str(dim) for dim in field.dims)
    axes.plot(_numbers(field[x].values), field.values, color=_GOOD)
    for position in _positions(data, field, x):
        axes.axvline(position, color=_INK, lw=0.5, alpha=0.5, ymax=0.06)
    if best is not None:
        axes.axvline(_position(best.point[x], field[x].values), color=_BAD, lw=1, ls="--")
    axes.set(xlabel=_label(x, campaign.units.get(x, "")), ylabel=label)


def _numbers(ticks: np.ndarray) -> np.ndarray:
    return ticks if np.issubdtype(ticks.dtype, np.number) else np.arange(len(ticks))


def _positions(data: "xr.Dataset", field: "xr.DataArray", dim: str) -> list[float]:
    return [_position(value, field[dim].values) for value in data[dim].values]


def _position(value: Any, ticks: np.ndarray) -> float:
    return float(value) if np.issubdtype(ticks.dtype, np.number) else float(list(ticks).index(value))
