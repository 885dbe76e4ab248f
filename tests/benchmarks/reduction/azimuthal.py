"""Azimuthal integration beside pyFAI."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from timing import Case, cpu_seconds, reduce_all

from autoexp.reduction import AzimuthalIntegration, Poni


def cases() -> list[Case]:
    """Return what is compared."""
    from pyFAI.detectors import Detector
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    shape, pixel = (1024, 1024), 172e-6
    geometry = Poni(shape, (pixel, pixel), 0.2, (0.08, 0.085), (0.01, -0.02, 0.0))
    detector = Detector(pixel, pixel, max_shape=shape)
    peer = AzimuthalIntegrator(0.2, 0.08, 0.085, 0.01, -0.02, 0.0, detector=detector, wavelength=1e-10)
    frames = np.random.default_rng(0).poisson(100, (16, *shape)).astype(np.uint16)
    found = []
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
            found.append(Case(name, f"pyFAI {fastest}", reduce_all(ours, batch), theirs(fastest, n), wanted, floor))
    return found
