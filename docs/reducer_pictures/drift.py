"""An image, the same image shifted, and what a wandering image is told to have done."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import Drift, FrameMeta, FrameSpec

SHAPE = (96, 128)


def draw(path: Path) -> None:
    rng = np.random.default_rng(0)
    image = _structure(rng)
    walk = np.cumsum(rng.normal(0.0, 0.15, (40, 2)), 0)
    reducer = Drift(torch.from_numpy(rng.poisson(image)))
    state = reducer.init(FrameSpec(SHAPE))
    frames = [rng.poisson(np.maximum(_shifted(image, *place), 0.0)) for place in walk]
    found = [reducer.read(reducer.update(state, torch.from_numpy(frame)[None], FrameMeta())) for frame in frames]
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(frames[-1], origin="lower", cmap="gray")
    left.set(xlabel="x / px", ylabel="y / px")
    left.set_title(f"moved by {walk[-1, 0]:+.2f}, {walk[-1, 1]:+.2f} px (y, x)")
    for column, name in enumerate(("shift_y", "shift_x")):
        values, sigmas = ([float(getattr(each[name], kind)) for each in found] for kind in ("value", "sigma"))
        line = right.plot(walk[:, column], linewidth=0.8, label=f"true {name}")[0]
        right.errorbar(range(len(walk)), values, sigmas, fmt=".", color=line.get_color(), label=f"{name}")
    off = np.std([float(each["shift_y"].value) - y for each, (y, _) in zip(found, walk, strict=True)])
    sigma = np.mean([float(each["shift_y"].sigma) for each in found])
    right.set_title(f"scatter {off:.3f} px, sigma {sigma:.3f} px")
    right.set_xlabel("frame")
    right.set_ylabel("shift / px")
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def _structure(rng: np.random.Generator) -> np.ndarray:
    """Return clouds of some 3 pixels, some 15 counts each."""
    ky, kx = np.fft.fftfreq(SHAPE[0])[:, None], np.fft.rfftfreq(SHAPE[1])
    clouds = np.fft.irfft2(np.fft.rfft2(rng.normal(size=SHAPE)) * np.exp(-(ky**2 + kx**2) / (2 * 0.06**2)), s=SHAPE)
    return np.asarray(15.0 * np.exp(0.5 * clouds / clouds.std()))


def _shifted(image: np.ndarray, y: float, x: float) -> np.ndarray:
    ky, kx = np.fft.fftfreq(SHAPE[0])[:, None], np.fft.rfftfreq(SHAPE[1])
    return np.fft.irfft2(np.fft.rfft2(image) * np.exp(-2j * np.pi * (ky * y + kx * x)), s=SHAPE)
