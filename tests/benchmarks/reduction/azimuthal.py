"""Azimuthal integration beside pyFAI."""

from functools import partial

import numpy as np
import torch
from timing import Call, Case, CpuClock, least, reduce_all

from autoexp.reduction import AzimuthalIntegration, Poni

SHAPE, PIXEL = (1024, 1024), 172e-6
STANDS = (0.2, 0.08, 0.085, 0.01, -0.02, 0.0)
"""Distance, point of normal incidence (m), and rotations (rad)."""


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    geometry = Poni(SHAPE, (PIXEL, PIXEL), STANDS[0], STANDS[1:3], STANDS[3:])
    frames = np.random.default_rng(0).poisson(100, (16, *SHAPE)).astype(np.uint16)
    found = []
    for split, methods in (("no", ("csr", "csc", "histogram")), ("full", ("csr", "csc"))):
        ours = AzimuthalIntegration(geometry, bins=1000, splitting=split)
        for n, wanted in ((1, 5.0), (16, 15.0)):
            name = f"azimuthal, {split} splitting, mean curve of {n} frame{'s' if n > 1 else ''} of 1k x 1k"
            peer, floor = f"pyFAI, the fastest of {', '.join(methods)}", n * 2 * frames[0].size
            call = reduce_all(ours, torch.from_numpy(frames[:n]), device=device)
            found.append(Case(name, peer, call, partial(fastest, split, methods, frames[:n]), wanted, floor))
    return found


def fastest(split: str, methods: tuple[str, ...], frames: np.ndarray) -> Call:
    """Return a call that integrates frames by that one of pyFAI's methods that is fastest here."""
    from pyFAI.detectors import Detector
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    detector = Detector(PIXEL, PIXEL, max_shape=SHAPE)
    peer = AzimuthalIntegrator(*STANDS, detector=detector, wavelength=1e-10)

    def call(method: str, frames: np.ndarray) -> None:
        for frame in frames:
            peer.integrate1d(frame, 1000, unit="q_A^-1", method=(split, method, "cython"), error_model="poisson")

    best = min(methods, key=lambda method: least(partial(call, method, frames[:1]), 0.7, CpuClock()))
    return partial(call, best, frames)
