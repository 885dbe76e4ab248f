"""Correlations of a movie at two temperatures with their fits, and the two-time map of an ageing sample."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import Band, FrameMeta, FrameSpec, Poni
from autoexp.reduction.xpcs import Correlator, RadialBins, RelaxationTime, TwoTime
from autoexp_simulators.xpcs import Suspension, XpcsScene

PIXEL, PERIOD = 55e-6, 0.05
PONI = Poni((256, 256), (PIXEL, PIXEL), 10.0, (-100 * PIXEL, 128 * PIXEL), wavelength=1.5e-10)
BINS = RadialBins(PONI, (Band("inner", 3.9e-3, 4.1e-3), Band("outer", 5.9e-3, 6.1e-3)))


def draw(path: Path) -> None:
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for kelvin, colour in ((280.0, "tab:blue"), (300.0, "tab:orange")):
        _curve(left, kelvin, colour)
    left.set_xlabel("delay / s")
    left.set_ylabel("g2")
    left.set_title("g2 at q = 0.006 1/Å, with fits")
    left.legend()
    ageing = XpcsScene(Suspension(ageing=1.0, youth=0.5), geometry=PONI, brightness=100.0)
    found = _reading(TwoTime(BINS, window=96, period=PERIOD), ageing, 290.0, 96)["two_time"]
    ends = (0.0, float(found.axes["t1"].values[-1]))
    image = right.imshow(found.value[1], origin="lower", extent=ends * 2, vmin=1.0, vmax=1.36)
    figure.colorbar(image, ax=right, label="correlation")
    right.set_xlabel("t1 / s")
    right.set_ylabel("t2 / s")
    right.set_title("two-time map of a sample that ages")
    figure.savefig(path, dpi=110)


def _curve(axes, kelvin: float, colour: str) -> None:
    scene = XpcsScene(geometry=PONI, brightness=100.0)
    found = _reading(RelaxationTime(Correlator(BINS, levels=4, period=PERIOD)), scene, kelvin, 128)
    g2, tau = found["g2"], found["tau_outer"]
    delays, value, sigma = g2.axes["tau"].values[1:], g2.value[1, 1:], g2.sigma[1, 1:]
    label = f"{kelvin:.0f} K: {float(tau.value):.3f} ± {float(tau.sigma):.3f} s"
    axes.errorbar(delays, value, sigma, fmt="o", markersize=3, color=colour, label=label)
    fine = np.geomspace(delays[0], delays[-1], 200)
    baseline, contrast = (float(found[f"{name}_outer"].value) for name in ("baseline", "contrast"))
    axes.semilogx(fine, baseline + contrast * np.exp(-2 * fine / float(tau.value)), color=colour, linewidth=0.8)


def _reading(reducer, scene: XpcsScene, kelvin: float, n: int):
    times = PERIOD * torch.arange(n, dtype=torch.float64)
    expected = PERIOD * scene.photons({"temperature": torch.full_like(times, kelvin)}, times)
    counts = torch.poisson(expected, generator=torch.Generator().manual_seed(0)).to(torch.int32)
    return reducer.read(reducer.update(reducer.init(FrameSpec(scene.geometry.shape)), counts, FrameMeta()))
