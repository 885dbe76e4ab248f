"""The shift between two frames beside scikit-image."""

from functools import partial

import numpy as np
import torch
from timing import Call, Case, reduce_all

from autoexp.reduction import Drift


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    rng = np.random.default_rng(4)
    side = 512
    noise = np.fft.rfft2(rng.normal(size=(side, side)))
    ky, kx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)
    clouds = noise * np.exp(-(ky**2 + kx**2) / (2 * 0.06**2))
    images = [np.fft.irfft2(clouds * np.exp(2j * np.pi * shift * (ky + kx))) for shift in (0.0, 3.37)]
    reference, frame = (rng.poisson(100 * np.exp(0.5 * each / images[0].std())).astype(np.uint16) for each in images)

    def theirs(normalisation: str | None) -> Call:
        from skimage.registration import phase_cross_correlation

        return lambda: phase_cross_correlation(reference, frame, upsample_factor=50, normalization=normalisation)

    found = []
    for normalise, normalisation in ((False, None), (True, "phase")):
        ours = Drift(torch.from_numpy(reference), normalise=normalise)
        found.append(
            Case(
                f"drift of 512 x 512 to 1/50 px, {'phases only' if normalise else 'plain correlation'}, with sigma",
                "scikit-image (no sigma)",
                reduce_all(ours, torch.from_numpy(frame)[None], device=device),
                partial(theirs, normalisation),
                1.5,
                frame.nbytes,
                # two real Fourier transforms
                2 * 2.5 * frame.size * np.log2(frame.size),
            )
        )
    return found
