"""A raw frame with dark counts, uneven pixels and a dead column, and the same corrected."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import Dark, Flat, FrameMeta, Frames, Mask, lift

SHAPE = (96, 128)


def draw(path: Path) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    light = 200.0 + 300.0 * np.sin(x / 9.0) ** 2
    dark = 80.0 + 0.5 * y
    response = 1.0 + 0.25 * np.sin(y / 17.0) + 0.1 * rng.normal(size=SHAPE)
    bad = np.zeros(SHAPE, bool)
    bad[:, 40] = True
    raw = rng.poisson(light * response + dark)
    raw[bad] = 0
    stages = (Mask(torch.from_numpy(bad)), Dark(torch.from_numpy(dark)), Flat(torch.from_numpy(response)))
    frames: Frames = lift(torch.from_numpy(raw)[None], "cpu")
    for stage in stages:
        frames = stage(frames, FrameMeta())
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right, third = figure.subplots(1, 3)
    for each in (left, right):
        each.set(xlabel="x / px", ylabel="y / px")
    drawn = left.imshow(raw, origin="lower", vmin=0, vmax=900)
    figure.colorbar(drawn, ax=[left, right], label="counts", location="bottom", shrink=0.5)
    left.set_title("raw")
    corrected = np.where(frames.valid[0].numpy(), frames.values[0].numpy(), np.nan)
    right.imshow(corrected, origin="lower", vmin=0, vmax=900)
    right.set_title("mask, dark, flat")
    pull = (corrected - light) / np.sqrt(frames.variances[0].numpy())
    known = pull[np.isfinite(pull)]
    third.hist(known, bins=60, density=True, color="lightgrey")
    u = np.linspace(-4, 4, 200)
    third.plot(u, np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi), "r-", linewidth=0.9)
    third.set_ylabel("density of pixels")
    third.set_xlabel("(corrected − truth) / sigma")
    third.set_title(f"standard deviation {known.std():.2f}")
    figure.savefig(path, dpi=110)
