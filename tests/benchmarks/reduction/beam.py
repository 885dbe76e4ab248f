"""Beam statistics beside laserbeamsize."""

import numpy as np
import torch
from timing import Call, Case, reduce_all

from autoexp.reduction import BeamStatistics


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    y, x = np.mgrid[:1024, :1280]
    mean = 3000 * np.exp(-((x - 600) ** 2 / (2 * 40**2)) - ((y - 500) ** 2) / (2 * 25**2)) + 5
    frame = np.random.default_rng(1).poisson(mean).astype(np.uint16)
    ours = reduce_all(BeamStatistics(), torch.from_numpy(frame)[None], device=device)

    def theirs() -> Call:
        from laserbeamsize import beam_size

        return lambda: beam_size(frame)

    return [Case("beam statistics, 1024 x 1280", "laserbeamsize", ours, theirs, 100.0, frame.nbytes)]
