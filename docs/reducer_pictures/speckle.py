"""Contrast of simulated movies against the temperature, with the truth."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp_simulators.xpcs import xpcs_beamline


def draw(path: Path) -> None:
    """Draw one movie at each temperature."""
    beamline = xpcs_beamline(seed=0)
    scene, reducer = beamline.scene, beamline.readouts[0].reducer
    times = scene.period * torch.arange(scene.frames, dtype=torch.float64)
    temperatures, generator = np.linspace(272.0, 318.0, 8), torch.Generator().manual_seed(0)
    empty, read = reducer.init(FrameSpec(scene.geometry.shape)), []
    for temperature in temperatures:
        positions = {"temperature": torch.full((scene.frames,), float(temperature), dtype=torch.float64)}
        counts = torch.poisson(0.9 * scene.period * scene.photons(positions, times), generator=generator).int()
        read.append(reducer.read(reducer.update(empty, counts, FrameMeta())))
    finely = np.linspace(temperatures[0], temperatures[-1], 60)
    truth = scene.expected({"temperature": finely})
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots()
    for band in reducer.bands:
        values, sigmas = ([float(getattr(each[band.name], part)) for each in read] for part in ("value", "sigma"))
        drawn = axes.errorbar(
            temperatures, values, sigmas, fmt="o", markersize=3, label=f"q = {band.low:g} to {band.high:g} 1/Å"
        )
        axes.plot(finely, truth[f"speckle_{band.name}"], color=drawn[0].get_color(), linewidth=0.8)
    axes.set_xlabel("temperature / K")
    axes.set_ylabel("contrast of 32 frames added")
    axes.legend()
    figure.savefig(path, dpi=110)
