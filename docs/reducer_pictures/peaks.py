"""The first ring of a phase on the wafer, and the area of that ring along a line."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import AzimuthalIntegration, CurvePeaks, FrameMeta, FrameSpec, PeakWindow
from autoexp.reduction.peaks.shapes import peak
from autoexp_simulators.wafer import wafer_scene


def draw(path: Path) -> None:
    scene = wafer_scene(0)
    phase = scene.phases[2]
    q = float(phase.rings(4.2)[0][0])
    window = PeakWindow(phase.name, q - 0.11, q + 0.11)
    reducer = CurvePeaks(AzimuthalIntegration(scene.geometry, bins=400, range=(1.0, 4.2)), "intensity", (window,))
    state = reducer.init(FrameSpec(scene.geometry.shape))
    home, other = scene.corners[2], scene.corners[0]
    ways = np.linspace(0.0, 1.0, 21)
    places = [tuple(a + way * (b - a) for a, b in zip(home, other, strict=True)) for way in ways]
    found = [reducer.read(reducer.update(state, _frame(scene, place), FrameMeta())) for place in places]
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_fit(left, found[6], window)
    area = [found_at[f"{phase.name}_area"] for found_at in found]
    values, sigmas = ([float(getattr(each, kind)) for each in area] for kind in ("value", "sigma"))
    right.errorbar(ways, values, sigmas, fmt=".", label="area of the ring")
    fraction = np.array([scene.fractions(*map(np.array, place))[2] for place in places])
    right.plot(ways, fraction * float(fraction @ values / (fraction @ fraction)), label="true fraction, to scale")
    right.set_xlabel("way from one phase's home to another's")
    right.set_ylabel("counts × 1/Å")
    right.legend()
    figure.savefig(path, dpi=110)


def _frame(scene, place) -> torch.Tensor:
    at = {name: torch.tensor([value]) for name, value in zip(("sample_x", "sample_y"), place, strict=True)}
    expected = scene.exposure * scene.photons(at, torch.zeros(1))
    return torch.poisson(expected, generator=torch.Generator().manual_seed(0)).to(torch.int32)


def _draw_fit(axes, found, window) -> None:
    curve = found["intensity"]
    x = curve.axes["q"].values
    near = (x > window.low - 0.1) & (x < window.high + 0.1)
    axes.errorbar(x[near], curve.value[near], curve.sigma[near], fmt=".", markersize=3, linewidth=0.6)
    values = [float(found[f"{window.name}_{name}"].value) for name in ("position", "width", "area")]
    fine = np.linspace(window.low, window.high, 201)
    bell = peak(
        "gaussian", torch.from_numpy(fine)[None], torch.tensor([[values[0], np.log(values[1]), values[2], 0, 0]])
    )
    inside = (x >= window.low) & (x <= window.high)
    shape = np.interp(x[inside], fine, bell[0][0].numpy())
    line = np.polyfit(x[inside], curve.value[inside] - shape, 1)
    axes.plot(fine, bell[0][0].numpy() + np.polyval(line, fine), "r-", linewidth=0.9)
    position = found[f"{window.name}_position"]
    axes.set_title(f"position {values[0]:.4f} ± {float(position.sigma):.4f} 1/Å")
    axes.set_xlabel("q / (1/Å)")
    axes.set_ylabel("counts")
