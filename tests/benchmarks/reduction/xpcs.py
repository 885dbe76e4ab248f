"""Photon correlation beside scikit-beam."""

from typing import Any

import numpy as np
import torch
from timing import Call, Case

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.upload import Upload
from autoexp.reduction.xpcs import Correlator, LabelledBins, MultiTau, RelaxationTime, TwoTime

SHAPE, LEVELS, CHANNELS, BATCH = (512, 512), 6, 8, 16


def cases(device: str) -> list[Case]:
    """Return what is compared: a whole series each, from an empty state to the last reading."""
    labels = rings()
    bins, pixels = LabelledBins(torch.from_numpy(labels)), int((labels > 0).sum())
    frames = movie(128)
    correlator = Correlator(bins, LEVELS, CHANNELS)
    size = f"12 bins of together {pixels // 1000}k pixels, 512 x 512"
    # every level but the first has half the lags of the one before it, at half its rate
    pairs = len(frames) * CHANNELS * 1.5
    few = frames[:32]

    def multitau() -> Call:
        from skbeam.core.correlation import multi_tau_auto_corr

        return lambda: multi_tau_auto_corr(LEVELS, CHANNELS, labels, frames)

    def twotime() -> Call:
        from skbeam.core.correlation import two_time_corr

        return lambda: two_time_corr(labels, few, len(few), len(few), 1)

    return [
        Case(
            f"XPCS, g2 with sigma of {len(frames)} frames, {size}",
            "scikit-beam (no sigma)",
            series(MultiTau(correlator), frames, device),
            multitau,
            9.0,
            2 * len(frames) * pixels,
            2.0 * pairs * pixels,
        ),
        Case(
            f"XPCS, the same and a fit of relaxation times with sigma, {len(frames)} frames",
            "scikit-beam (g2 only)",
            series(RelaxationTime(correlator), frames, device),
            multitau,
            9.0,
            2 * len(frames) * pixels,
            2.0 * pairs * pixels,
        ),
        Case(
            f"XPCS, two-time map with sigma of {len(few)} frames",
            "scikit-beam (no sigma)",
            series(TwoTime(bins, window=len(few)), few, device),
            twotime,
            9.0,
            2 * len(few) * pixels,
            float(len(few)) ** 2 * pixels,
        ),
    ]


def rings() -> np.ndarray:
    """Return twelve rings around a point beside the detector."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    radius = np.hypot(y + 20, x - 256)
    return np.where((radius >= 40) & ((radius - 40) % 40 < 32) & (radius < 520), (radius - 40) // 40 + 1, 0).astype(int)


def movie(n: int, memory: float = 0.95) -> np.ndarray:
    """Return counts of speckles that forget a share of their field from frame to frame, 2 in the mean."""
    generator = torch.Generator().manual_seed(0)
    field = torch.randn((2, *SHAPE), generator=generator)
    frames = np.empty((n, *SHAPE), dtype=np.uint16)
    for frame in frames:
        frame[:] = torch.poisson(field.square().sum(0), generator=generator).numpy()
        noise = torch.randn(field.shape, generator=generator)
        field = memory * field + (1.0 - memory**2) ** 0.5 * noise
    return frames


def series(reducer: Any, frames: np.ndarray, device: str) -> Call:
    """Return a call that takes a fresh state through frames in batches to its values."""
    held = torch.from_numpy(frames)
    batches = (held if device == "cpu" else held.pin_memory()).split(BATCH)
    empty, meta, upload = reducer.init(FrameSpec(SHAPE, device)), FrameMeta(), Upload(device)

    def run() -> Any:
        state = empty
        for batch in batches:
            state = reducer.update(state, upload(batch), meta)
        return reducer.read(state)

    return run
