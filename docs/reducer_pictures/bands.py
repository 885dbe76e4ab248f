"""The curve of a mixture on the simulated wafer, and the bands of its phases."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp_simulators.wafer import wafer_beamline


def draw(path: Path) -> None:
    """Draw the curve of one frame."""
    beamline = wafer_beamline(seed=1)
    scene, reducer = beamline.scene, beamline.readouts[0].reducer
    (x0, y0), (x1, y1) = scene.corners[:2]
    positions = {"sample_x": torch.tensor([(x0 + x1) / 2]), "sample_y": torch.tensor([(y0 + y1) / 2])}
    mean = scene.photons(positions, torch.zeros(1)) * scene.exposure
    frame = torch.poisson(mean, generator=torch.Generator().manual_seed(0)).int()
    read = reducer.read(reducer.update(reducer.init(FrameSpec(scene.geometry.shape)), frame, FrameMeta()))
    curve = read["intensity"]
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(np.asarray(curve.axes[curve.dims[0]].values), curve.value, linewidth=0.8)
    for number, (name, low, high) in enumerate(scene.bands):
        axes.axvspan(low, high, color=f"C{number + 1}", alpha=0.3, label=f"{name}: {float(read[name].value):.1f}")
    axes.set_xlabel("q / (1/Å)")
    axes.set_ylabel("counts per pixel")
    axes.legend()
    figure.savefig(path, dpi=110)
