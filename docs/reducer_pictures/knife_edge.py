"""Counts behind a blade, and the beam that they tell of."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.special import ndtr

from autoexp.reduction import FrameMeta, FrameSpec, KnifeEdge

SIGMA, CENTER, POWER, DARK = 0.25, 0.13, 800.0, 30.0


def draw(path: Path) -> None:
    blade = np.linspace(-1.0, 1.0, 41)
    counts = np.random.default_rng(0).poisson(DARK + POWER * ndtr((blade - CENTER) / SIGMA))[:, None, None]
    reducer = KnifeEdge(tuple(blade))
    meta = FrameMeta(coordinates={"blade": torch.from_numpy(blade)})
    state = reducer.update(reducer.init(FrameSpec((1, 1))), torch.from_numpy(counts.astype(np.int32)), meta)
    found = reducer.read(state)
    center, width, power, dark = (found[name] for name in ("center", "width", "power", "background"))
    fine, sigma = np.linspace(-1.0, 1.0, 401), float(width.value) / np.sqrt(8.0 * np.log(2.0))
    z = (fine - float(center.value)) / sigma
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    curve = found["intensity"]
    left.errorbar(blade, curve.value, curve.sigma, fmt=".", markersize=4, linewidth=0.6, label="behind the blade")
    left.plot(fine, float(dark.value) + float(power.value) * ndtr(z), "r-", linewidth=0.9, label="error function")
    left.set_xlabel("blade / mm")
    left.set_ylabel("counts")
    for each in (left, right):
        each.set_xticks(np.linspace(-1.0, 1.0, 5))
    left.legend()
    truth = np.exp(-0.5 * ((fine - CENTER) / SIGMA) ** 2)
    right.fill_between(fine, truth, color="lightgrey", label="true beam")
    right.plot(fine, np.exp(-0.5 * z**2), "r-", linewidth=0.9, label="found")
    right.set_title(f"center {_text(center)}, width {_text(width)} mm")
    right.set_xlabel("blade / mm")
    right.set_ylabel("intensity over its highest")
    right.legend()
    figure.savefig(path, dpi=110)


def _text(reduced) -> str:
    return f"{float(reduced.value):.3f} ± {float(reduced.sigma):.3f}"
