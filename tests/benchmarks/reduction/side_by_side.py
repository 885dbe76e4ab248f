"""Reducers and the accepted packages, in turn, on the same input, in one process.

``python tests/benchmarks/reduction/side_by_side.py --output table.md``; process CPU time on one thread, best
of many calls; needs the extra ``peers``. The floor is the time that the memory takes to hand over the
bytes that must be read.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from scipy.optimize import nnls  # noqa: E402

from autoexp.reduction import (  # noqa: E402
    AzimuthalIntegration,
    BeamStatistics,
    FrameMeta,
    FrameSpec,
    Poni,
    Region,
    RegionSums,
    SpectrumFit,
)


@dataclass(frozen=True)
class Case:
    name: str
    peer_name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    bytes_read: int
    wanted: float


def cpu_seconds(call: Callable[[], Any], budget: float) -> float:
    """Return the least CPU time of a call among as many as the budget of wall seconds allows."""
    call()
    best, until = float("inf"), time.monotonic() + budget
    while time.monotonic() < until:
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return best


def bandwidth() -> float:
    """Return bytes per second at which one thread reads memory."""
    block = torch.ones(32 * 2**20)
    return block.numel() * 4 / cpu_seconds(block.sum, 0.5)


def reduce_all(reducer: Any, frames: torch.Tensor) -> Callable[[], Any]:
    """Return a call that takes a fresh state through a batch to its values."""
    spec = FrameSpec((frames.shape[1], frames.shape[2]))
    empty = reducer.init(spec)
    return lambda: reducer.read(reducer.update(empty, frames, FrameMeta()))


def azimuthal() -> list[Case]:
    from pyFAI.detectors import Detector
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    shape, pixel = (1024, 1024), 172e-6
    geometry = Poni(shape, (pixel, pixel), 0.2, (0.08, 0.085), (0.01, -0.02, 0.0))
    detector = Detector(pixel, pixel, max_shape=shape)
    peer = AzimuthalIntegrator(0.2, 0.08, 0.085, 0.01, -0.02, 0.0, detector=detector, wavelength=1e-10)
    frames = np.random.default_rng(0).poisson(100, (16, *shape)).astype(np.uint16)
    cases = []
    for split, methods in (("no", ("csr", "csc", "histogram")), ("full", ("csr", "csc"))):
        ours = AzimuthalIntegration(geometry, bins=1000, splitting=split)

        def theirs(method: str, n: int, split: str = split) -> Callable[[], Any]:
            how = {"unit": "q_A^-1", "method": (split, method, "cython"), "error_model": "poisson"}
            return lambda: [peer.integrate1d(frame, 1000, **how) for frame in frames[:n]]

        fastest = min(methods, key=lambda method: cpu_seconds(theirs(method, 1), 1.0))
        for n, wanted in ((1, 5.0), (16, 15.0)):
            name = f"azimuthal, {split} splitting, mean curve of {n} frame{'s' if n > 1 else ''} of 1k x 1k"
            batch = torch.from_numpy(frames[:n])
            floor = n * 2 * frames[0].size
            cases.append(Case(name, f"pyFAI {fastest}", reduce_all(ours, batch), theirs(fastest, n), floor, wanted))
    return cases


def beam() -> list[Case]:
    import laserbeamsize

    y, x = np.mgrid[:1024, :1280]
    mean = 3000 * np.exp(-((x - 600) ** 2 / (2 * 40**2)) - ((y - 500) ** 2) / (2 * 25**2)) + 5
    frame = np.random.default_rng(1).poisson(mean).astype(np.uint16)
    ours = reduce_all(BeamStatistics(), torch.from_numpy(frame)[None])
    theirs = lambda: laserbeamsize.beam_size(frame)
    return [Case("beam statistics, 1024 x 1280", "laserbeamsize", ours, theirs, frame.nbytes, 100.0)]


def spectra() -> list[Case]:
    rng = np.random.default_rng(2)
    channels, k, n = 2048, 14, 256
    channel = np.arange(channels)[:, None]
    lines = np.exp(-((channel - np.linspace(150, 1800, k)) ** 2) / (2 * 12.0**2))
    maps = rng.poisson(lines @ rng.exponential(200, (k, n)) + 0.5).T.astype(float)
    fit = SpectrumFit(torch.from_numpy(lines), tuple(f"line{i}" for i in range(k)))
    pixels = torch.from_numpy(maps)
    regions = RegionSums(tuple(Region(f"line{i}", 100 * i, 100 * i + 60) for i in range(k)))
    stack = pixels[:, None].to(torch.int32)
    numbers = stack.numpy()
    slices = lambda: [numbers[:, 0, 100 * i : 100 * i + 60].sum() for i in range(k)]
    return [
        Case(
            f"XRF, non-negative fit with sigma of {n} spectra, 2048 x 14",
            "scipy nnls (no sigma)",
            lambda: fit.fit(pixels, pixels),
            lambda: [nnls(lines, spectrum) for spectrum in maps],
            pixels.nbytes,
            20.0,
        ),
        Case(
            f"XRF, {k} regions with sigma of {n} spectra",
            "numpy slices",
            reduce_all(regions, stack),
            slices,
            stack.nbytes,
            1.0,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--seconds", type=float, default=1.5, help="wall time for each measurement")
    options = parser.parse_args()
    torch.set_num_threads(1)
    speed = bandwidth()
    rows = [
        "| reduction | peer | peer (ms) | here (ms) | ratio | wanted | floor (ms) | here / floor |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for case in [*azimuthal(), *beam(), *spectra()]:
        theirs, ours = cpu_seconds(case.peer, options.seconds), cpu_seconds(case.ours, options.seconds)
        floor = case.bytes_read / speed
        times = f"{theirs * 1e3:.2f} | {ours * 1e3:.2f} | {theirs / ours:.1f} | {case.wanted:.0f}"
        rows.append(f"| {case.name} | {case.peer_name} | {times} | {floor * 1e3:.3f} | {ours / floor:.1f} |")
        print(rows[-1], flush=True)
    rows.append(f"\nMemory was read at {speed / 1e9:.1f} GB/s.")
    table = "\n".join(rows)
    print(table)
    if options.output:
        options.output.write_text(table + "\n")


if __name__ == "__main__":
    main()
