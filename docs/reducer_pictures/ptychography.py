"""The phase of a star from 100 noisy patterns, its uncertainty, and how far two halves of the patterns agree."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import FarField, FrameMeta, FrameSpec, ObjectGrid, Ptychography
from autoexp_simulators.ptychography import PtychographyScene, Star

_REACH = 40


def draw(path: Path) -> None:
    star = Star(particles=((0.25, -0.3, 0.12), (-0.35, 0.2, 0.09)))
    scene = PtychographyScene(star, shape=(128, 128), pixel_size=150e-6)
    found = _reconstructed(scene)
    figure = Figure(figsize=(11.0, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    phase, curve, resolution = found["phase"], found["ring_correlation"], found["resolution"]
    y, x = (phase.axes[name].values for name in ("y", "x"))
    for axes, values, title in (
        (left, phase.value, "phase / rad"),
        (middle, 1e3 * phase.sigma, "its sigma / mrad"),
    ):
        image = axes.imshow(values, origin="lower", extent=(x[0], x[-1], y[0], y[-1]), cmap="viridis")
        axes.set(xlim=(-1, 1), ylim=(-1, 1), xlabel="x / um", ylabel="y / um", title=title)
        figure.colorbar(image, ax=axes, shrink=0.85)
    frequency = curve.axes["frequency"].values
    right.errorbar(frequency, curve.value, curve.sigma, fmt=".-", linewidth=0.8, label="correlation of two halves")
    at = 0.5 / float(resolution.value)
    right.axvline(at, color="red", linewidth=0.8, label=_text(resolution))
    right.set(
        xlabel="spatial frequency / um⁻¹",
        ylabel="ring correlation",
        ylim=(0, 1.3),
        title=f"R = {float(found['r_factor'].value):.3f}",
    )
    right.legend(loc="upper right")
    figure.savefig(path, dpi=110)


def _reconstructed(scene):
    steps = np.linspace(-_REACH, _REACH, 10)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    moved = np.round(grid + np.random.default_rng(0).uniform(-3, 3, grid.shape)).clip(-_REACH, _REACH)
    x, y = torch.from_numpy(moved.T * scene.sampling)
    photons = scene.photons({"sample_x": x, "sample_y": y}, torch.zeros(len(x))) * 0.1 * scene.exposure
    counts = torch.poisson(photons, generator=torch.Generator().manual_seed(0)).to(torch.int32)
    optics = FarField(scene.shape, scene.pixel_size, scene.distance, scene.wavelength)
    span = (-_REACH * scene.sampling, _REACH * scene.sampling)
    reducer = Ptychography(ObjectGrid(optics, span, span), defocus=scene.defocus, epochs=15, halves=True)
    meta = FrameMeta(coordinates={"x": x, "y": y})
    return reducer.read(reducer.update(reducer.init(FrameSpec(scene.shape)), counts, meta))


def _text(resolution) -> str:
    return f"half period {1e3 * float(resolution.value):.1f} ± {1e3 * float(resolution.sigma):.1f} nm"
