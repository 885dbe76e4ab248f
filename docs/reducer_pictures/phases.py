"""Fractions of two phases along a line between their homes on the simulated wafer."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp_simulators.wafer import wafer_beamline


def draw(path: Path) -> None:
    """Draw what is read of single frames over the truth."""
    beamline = wafer_beamline(seed=1)
    scene, reducer = beamline.scene, beamline.readouts[0].reducer
    (x0, y0), (x1, y1) = scene.corners[:2]
    along = np.linspace(0.0, 1.0, 17)
    way = {"sample_x": x0 + along * (x1 - x0), "sample_y": y0 + along * (y1 - y0)}
    positions = {name: torch.from_numpy(values) for name, values in way.items()}
    mean = scene.photons(positions, torch.zeros(len(along))) * scene.exposure
    counts = torch.poisson(mean, generator=torch.Generator().manual_seed(0)).int()
    empty = reducer.init(FrameSpec(scene.geometry.shape))
    read = [reducer.read(reducer.update(empty, frame[None], FrameMeta())) for frame in counts]
    truth = scene.expected(way)
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots()
    for phase in scene.phases:
        field = f"{phase.name}_fraction"
        values, sigmas = ([float(getattr(each[field], part)) for each in read] for part in ("value", "sigma"))
        line = axes.errorbar(along, values, sigmas, fmt="o", markersize=3, label=phase.name)
        axes.plot(along, truth[f"pattern_{field}"], color=line[0].get_color(), linewidth=0.8)
    axes.set_xlabel("share of the way")
    axes.set_ylabel("fraction")
    axes.legend()
    figure.savefig(path, dpi=110)
