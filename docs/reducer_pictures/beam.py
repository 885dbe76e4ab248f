"""A beam on a camera, with what is found of it, and how its sigma follows the scatter."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from autoexp.reduction import BeamStatistics, FrameMeta, FrameSpec

SHAPE = (160, 200)


def draw(path: Path) -> None:
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    frame = rng.poisson(_beam(4e5))
    found = _read(frame)
    left.imshow(frame, origin="lower", cmap="magma")
    center = float(found["centroid_x"].value), float(found["centroid_y"].value)
    major, minor, tilt = _axes(found)
    left.add_patch(Ellipse(center, major, minor, angle=tilt, fill=False, color="cyan", linewidth=0.9))
    left.plot(*center, "c+")
    left.set(xlabel="x / px", ylabel="y / px")
    left.set_title(f"size {float(found['size'].value):.2f} ± {float(found['size'].sigma):.2f} px")
    counts = np.logspace(3.2, 6.0, 9)
    readings = [[_read(rng.poisson(_beam(total)))["centroid_x"] for _ in range(60)] for total in counts]
    right.loglog(counts, [np.std([float(each.value) for each in some]) for some in readings], "o", label="scatter")
    right.loglog(counts, [np.mean([float(each.sigma) for each in some]) for some in readings], label="sigma")
    right.set_xlabel("counts in the beam")
    right.set_ylabel("error of the centroid along x / px")
    right.legend()
    figure.savefig(path, dpi=110)


def _beam(total: float) -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    dx, dy, cos, sin = x - 105.3, y - 76.8, np.cos(np.radians(25.0)), np.sin(np.radians(25.0))
    u, v = cos * dx + sin * dy, cos * dy - sin * dx
    spot = np.exp(-((u / 12.0) ** 2 + (v / 6.0) ** 2) / 2)
    return total * spot / spot.sum() + 0.5


def _read(frame: np.ndarray) -> dict:
    reducer = BeamStatistics()
    return dict(
        reducer.read(reducer.update(reducer.init(FrameSpec(SHAPE)), torch.from_numpy(frame)[None], FrameMeta()))
    )


def _axes(found: dict) -> tuple[float, float, float]:
    """Return the full axes (second-moment widths) and the angle of the ellipse with these widths and tilt."""
    width, height, tilt = (float(found[name].value) for name in ("width_x", "width_y", "tilt"))
    total, difference = (width**2 + height**2) / 2, (width**2 - height**2) / 2
    apart = difference / np.cos(2 * np.radians(tilt))
    return (total + apart) ** 0.5, (total - apart) ** 0.5, tilt
