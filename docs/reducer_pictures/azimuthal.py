"""A ring pattern, its curve with sigma, and the same curve when single crystals add spots."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from autoexp.reduction import AzimuthalIntegration, FrameMeta, FrameSpec, Poni

SHAPE = (400, 480)
GEOMETRY = Poni(SHAPE, (172e-6, 172e-6), 0.12, (0.03, 0.035), (0.1, -0.05, 0.0))


def draw(path: Path) -> None:
    rng = np.random.default_rng(0)
    q = GEOMETRY.radial(GEOMETRY.directions(*GEOMETRY.centres())[0], "q_A^-1").numpy()
    rings = sum(np.exp(-(((q - at) / 0.02) ** 2) / 2) for at in (0.9, 1.27, 1.56, 2.2))
    frame = rng.poisson(40.0 * np.exp(-q) + 60.0 * rings)
    spots = rng.integers(0, SHAPE[0], 150), rng.integers(0, SHAPE[1], 150)
    frame[spots] += 3000
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    drawn = left.imshow(frame + 1, origin="lower", norm=LogNorm())
    figure.colorbar(drawn, ax=left, label="counts")
    left.set(xlabel="x / px", ylabel="y / px")
    left.set_title("rings, and spots of single crystals")
    for clip, name in ((None, "all pixels"), (4.0, "clipped at 4 sigma")):
        reducer = AzimuthalIntegration(GEOMETRY, bins=300, clip=clip)
        state = reducer.update(reducer.init(FrameSpec(SHAPE)), torch.from_numpy(frame)[None], FrameMeta())
        curve = reducer.read(state)["intensity"]
        line = right.plot(curve.axes["q"].values, curve.value, linewidth=0.8, label=name)[0]
        low, high = curve.value - curve.sigma, curve.value + curve.sigma
        right.fill_between(curve.axes["q"].values, low, high, alpha=0.3, color=line.get_color(), linewidth=0)
    right.set_xlabel("q / (1/Å)")
    right.set_ylabel("counts per pixel")
    right.set_ylim(0, 100)
    right.legend()
    figure.savefig(path, dpi=110)
