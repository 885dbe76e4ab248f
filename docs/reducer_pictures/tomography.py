"""A slice of the simulated sample by back-projection and by least squares, and how it settles."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autoexp.reduction import Flat, FrameMeta, FrameSpec, Iterative, Tomography, chain
from autoexp_simulators.tomography.scene import TomographyScene, tomography_scene

_ROW, _VOXEL = 257, 64
_NUMBERS = 6, 12, 24, 48


def draw(path: Path) -> None:
    scene = tomography_scene(3)
    ways = {
        "back-projection, hann": Tomography(**_common(scene), window="hann"),
        "least squares, smoothness 100": Tomography(**_common(scene), iterative=Iterative(100.0)),
    }
    readings = {name: _settling(scene, reducer) for name, reducer in ways.items()}
    figure = Figure(figsize=(12.0, 3.6), layout="constrained")
    axes = figure.subplots(1, 4)
    reach = [-1.024, 1.024, -1.024, 1.024]
    truth = scene.truth().attenuation.isel(z=_VOXEL).values
    pictures = {"truth": truth} | {name: each[2]["slices"].value[0] for name, each in readings.items()}
    for ax, (name, picture) in zip(axes, pictures.items(), strict=False):
        drawn = ax.imshow(picture, origin="lower", extent=reach, vmin=0.0, vmax=2.2, cmap="gray")
        ax.set_title(name if name == "truth" else f"{name},\n{_NUMBERS[2]} projections", fontsize=9)
        ax.set(xlabel="x / mm", ylabel="y / mm")
    figure.colorbar(drawn, ax=axes[:3], label="attenuation / (1/mm)", shrink=0.8)
    _settles(axes[3], readings, truth)
    figure.savefig(path, dpi=110)


def _common(scene: TomographyScene) -> dict:
    shared = {"rows": (_ROW,), "white": scene.flux * scene.exposure, "pixel": 4.0}
    return shared | {"pixel_size": scene.pixel_size, "unit": "mm", "kept": (_ROW, _ROW + 1)}


def _settling(scene: TomographyScene, reducer: Tomography) -> list:
    """Return readings after some numbers of projections at steps of the golden angle."""
    whole = chain(Flat(torch.from_numpy(scene.gains).expand(scene.shape)), reducer)
    degrees = torch.arange(_NUMBERS[-1], dtype=torch.float64) * 111.246 % 180
    generator, state, readings = torch.Generator().manual_seed(0), whole.init(FrameSpec(scene.shape)), []
    for first, last in zip((0, *_NUMBERS), _NUMBERS, strict=False):
        expected = scene.photons({"angle": degrees[first:last]}, torch.zeros(1)) * scene.exposure
        frames = torch.poisson(expected, generator=generator).to(torch.int32)
        state = whole.update(state, frames, FrameMeta(coordinates={"angle": degrees[first:last]}))
        readings.append(whole.read(state))
    return readings


def _settles(ax: Axes, readings: dict, truth: np.ndarray) -> None:
    for name, found in readings.items():
        values = [float(each["disagreement"].value) for each in found]
        errors = [np.sqrt(np.mean((each["slices"].value[0] - truth) ** 2)) for each in found]
        way = name.split(",")[0]
        (line,) = ax.loglog(_NUMBERS, errors, "o-", markersize=4, label=f"rms error, {way}")
        if "back" in way:
            ax.loglog(_NUMBERS, values, "x--", markersize=4, color=line.get_color(), label="disagreement")
    ax.set_xticks(_NUMBERS, [str(number) for number in _NUMBERS])
    ax.set_xticks([], minor=True)
    ax.set_ylim(0.05, 1.0)
    ax.set_xlabel("projections")
    ax.set_ylabel("rms / (1/mm)")
    ax.legend(fontsize=7)
