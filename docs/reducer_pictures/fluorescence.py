"""A fluorescence spectrum with its SNIP background, its fit, and how few counts the amounts are still known from."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import FrameMeta, FrameSpec, Region, RegionSums, SpectrumFit, snip

CHANNELS, NAMES = np.arange(400), ("Fe", "Ni", "Cu", "Zn")
LINES = np.stack([np.exp(-(((CHANNELS - at) / 5.0) ** 2) / 2) / 12.533 for at in (140.0, 187.0, 204.0, 232.0)], 1)
AMOUNTS = np.array([6000.0, 900.0, 2500.0, 0.0])


def draw(path: Path) -> None:
    rng = np.random.default_rng(0)
    mean = LINES @ AMOUNTS + 60.0 * np.exp(-CHANNELS / 150.0)
    spectrum = torch.from_numpy(rng.poisson(mean))[None, None]
    fit = SpectrumFit(torch.from_numpy(LINES), NAMES, background=16)
    sums = RegionSums((Region("Ni", 175, 195), Region("Cu", 195, 217)))
    found, regions = (_read(reducer, spectrum) for reducer in (fit, sums))
    background = snip(spectrum[0].double(), 16)[0].numpy()
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    left.step(CHANNELS, spectrum[0, 0], linewidth=0.6, color="grey", where="mid", label="counts")
    left.plot(CHANNELS, background, linewidth=1.0, label="SNIP background")
    amounts = np.array([float(found[name].value) for name in NAMES])
    left.plot(CHANNELS, background + LINES @ amounts, "r-", linewidth=0.9, label="fit")
    for region in sums.regions:
        left.axvspan(region.low, region.high, alpha=0.15)
    left.set_yscale("log")
    left.set_ylim(1, 1000)
    left.set_xlabel("channel")
    left.set_ylabel("counts")
    left.legend()
    place = np.arange(len(NAMES))
    sigmas = [float(found[name].sigma) for name in NAMES]
    right.bar(place, AMOUNTS, color="lightgrey", label="truth")
    right.errorbar(place, amounts, sigmas, fmt="o", markersize=4, capsize=4, label="fit")
    for name in ("Ni", "Cu"):
        right.plot(NAMES.index(name), float(regions[name].value), "x", color="C1")
    right.plot([], [], "x", color="C1", label="sum of the region")
    right.set_xticks(place, NAMES)
    right.set_ylabel("counts of the element")
    right.legend()
    figure.savefig(path, dpi=110)


def _read(reducer, spectrum) -> dict:
    return dict(reducer.read(reducer.update(reducer.init(FrameSpec((1, len(CHANNELS)))), spectrum, FrameMeta())))
