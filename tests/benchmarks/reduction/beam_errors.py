"""How far beam widths are from the truth, beside laserbeamsize: noisy frames of Gaussian beams of known axes."""

import math

import numpy as np
import torch
from laserbeamsize import beam_size
from numpy.typing import NDArray

from autoexp.reduction import BeamStatistics, FrameMeta, FrameSpec

FRAMES = 100
SHAPE = (240, 320)
CASES = (
    # sigmas of both axes in pixels, tilt in degrees, counts of the beam, background per pixel, read noise
    (12.0, 8.0, 0.0, 5e6, 0.0, 0.0),
    (12.0, 8.0, 0.0, 5e6, 10.0, 0.0),
    (12.0, 8.0, 30.0, 5e6, 10.0, 0.0),
    (12.0, 8.0, 30.0, 5e6, 100.0, 5.0),
    (12.0, 8.0, 30.0, 5e5, 10.0, 0.0),
    (20.0, 5.0, 40.0, 5e6, 10.0, 0.0),
    (20.0, 5.0, 40.0, 5e6, 100.0, 5.0),
)

Axes = NDArray[np.float64]


def expected(major: float, minor: float, tilt: float, counts: float, background: float) -> Axes:
    """Return the mean of a frame."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    dx, dy = x - 170.3, y - 112.8
    c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    along, across = (dx * c + dy * s) / major, (dy * c - dx * s) / minor
    return np.asarray(counts / (2 * math.pi * major * minor) * np.exp(-0.5 * (along**2 + across**2)) + background)


def ours(frame: NDArray[np.int32]) -> list[float]:
    """Return the widths along both principal axes, from those along x and y and the tilt."""
    reducer = BeamStatistics()
    found = reducer.read(reducer.update(reducer.init(FrameSpec(SHAPE)), torch.from_numpy(frame)[None], FrameMeta()))
    xx, yy = (float(found[name].value) ** 2 for name in ("width_x", "width_y"))
    spread = abs((xx - yy) / math.cos(2 * math.radians(float(found["tilt"].value))))
    return [math.sqrt(0.5 * (xx + yy + side * spread)) for side in (1, -1)]


def theirs(frame: NDArray[np.int32]) -> list[float]:
    """Return the same of laserbeamsize; NaN where it finds no minor axis."""
    return [math.nan if axis is None else float(axis) for axis in beam_size(frame)[2:4]]


def told(errors: Axes) -> str:
    """Return bias and root mean square of both axes' errors."""
    bias, square = np.nanmean(errors, axis=0), np.sqrt(np.nanmean(errors**2, axis=0))
    return " | ".join(f"{bias[i]:+.3f} ± {square[i]:.3f}" for i in (0, 1))


def main() -> None:
    """Print a table: bias ± root mean square error in pixels."""
    print("| sigmas | tilt | counts | background | noise | ours: long | short | laserbeamsize: long | short | apart |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for major, minor, tilt, counts, background, noise in CASES:
        generator, mean = np.random.default_rng(0), expected(major, minor, tilt, counts, background)
        frames = [
            np.rint(generator.poisson(mean) + generator.normal(0.0, noise, SHAPE)).clip(0).astype(np.int32)
            for _ in range(FRAMES)
        ]
        both = [np.array([measure(frame) for frame in frames]) for measure in (ours, theirs)]
        truth, apart = 4.0 * np.array([major, minor]), np.nanmedian(abs(both[0] - both[1]))
        columns = " | ".join(told(axes - truth) for axes in both)
        settings = f"{major:g}, {minor:g} px | {tilt:g}° | {counts:.0e} | {background:g} | {noise:g}"
        print(f"| {settings} | {columns} | {apart:.3f} |")


if __name__ == "__main__":
    main()
