"""A frame with bad pixels, and what the dispersion says of light that flickers."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.flags import Flags
from autoexp.reduction import DataQuality, FrameMeta, FrameSpec

SHAPE = (96, 128)


def draw(path: Path) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    light = 60.0 + 500.0 * np.exp(-((x - 70) ** 2 + (y - 40) ** 2) / (2 * 14.0**2))
    frames = rng.poisson(light, (6, *SHAPE))
    frames[:, 20:22, 30] = 6000
    frames[:, 60, 90] = 0
    found = _read(frames)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(np.minimum(frames[0], 1200), origin="lower", cmap="magma")
    left.set(xlabel="x / px", ylabel="y / px")
    words = ", ".join(flag.name for flag in Flags if flag & found["hot"].flags and flag.name)
    left.set_title(f"{float(found['hot'].value):.0f} hot, {float(found['dead'].value):.0f} dead: {words}", fontsize=9)
    depths = np.linspace(0.0, 0.06, 13)
    readings = [_read(rng.poisson(light * (1 + depth * rng.normal(size=(8, 1, 1))))) for depth in depths]
    values = [float(each["dispersion"].value) for each in readings]
    right.errorbar(100 * depths, values, [float(each["dispersion"].sigma) for each in readings], fmt="o", markersize=4)
    right.plot(100 * depths, 1 + depths**2 * (light**2).sum() / light.sum(), color="grey", label="expected")
    changed = [bool(each["dispersion"].flags & Flags.CHANGED) for each in readings]
    right.plot(100 * depths[changed], np.array(values)[changed], "o", mfc="none", mec="red", ms=9, label="flag CHANGED")
    right.axhline(1.0, linewidth=0.6, color="black")
    right.set_xlabel("flicker from frame to frame / %")
    right.set_ylabel("dispersion of 8 frames")
    right.legend()
    figure.savefig(path, dpi=110)


def _read(frames: np.ndarray) -> dict:
    reducer = DataQuality()
    return dict(reducer.read(reducer.update(reducer.init(FrameSpec(SHAPE)), torch.from_numpy(frames), FrameMeta())))
