"""Absorption at an edge, one reading at each energy."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import Absorption, FrameMeta, FrameSpec


def draw(path: Path) -> None:
    """Draw readings with their sigmas over the truth."""
    energy = np.linspace(7080.0, 7160.0, 61)
    truth = 0.8 + 1.2 * (0.5 + np.arctan((energy - 7112.0) / 2.0) / np.pi) + 0.9 / (1 + ((energy - 7116.0) / 2.5) ** 2)
    incident = np.full_like(energy, 2000.0)
    means = torch.from_numpy(np.stack([incident, incident * np.exp(-truth)], axis=-1))
    counts = torch.poisson(means, generator=torch.Generator().manual_seed(0)).int()
    reducer = Absorption()
    empty = reducer.init(FrameSpec((1, 2)))
    read = [reducer.read(reducer.update(empty, pair[None, None], FrameMeta()))["mu"] for pair in counts]
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(energy, truth, linewidth=0.8, label="truth")
    values, sigmas = ([float(getattr(each, part)) for each in read] for part in ("value", "sigma"))
    axes.errorbar(energy, values, sigmas, fmt=".", label="2000 counts in I0")
    axes.set_xlabel("energy / eV")
    axes.set_ylabel("mu = ln(I0 / It)")
    axes.legend()
    figure.savefig(path, dpi=110)
