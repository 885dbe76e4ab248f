"""Data quality beside a single compiled pass over the same numbers."""

from typing import Any

import numpy as np
import torch
from timing import Case

from autoexp.reduction import DataQuality, FrameMeta, FrameSpec

SATURATION = 60_000


def cases() -> list[Case]:
    """Return what is compared: what is done for every frame, not what is read from it once a point."""
    fused = compiled()
    frames = np.random.default_rng(5).poisson(100, (16, 1024, 1024)).astype(np.uint16)
    ours, found = DataQuality(saturation=SATURATION), []
    empty = ours.init(FrameSpec(frames.shape[1:]))
    for n in (1, 16):
        batch = torch.from_numpy(frames[:n])
        mean, spread = np.zeros(frames.shape[1:], np.float32), np.zeros(frames.shape[1:], np.float32)
        found.append(
            Case(
                f"data quality, {n} frame{'s' if n > 1 else ''} of 1k x 1k",
                "numba, one fused pass",
                lambda batch=batch: ours.update(empty, batch, FrameMeta()),
                lambda n=n, mean=mean, spread=spread: [fused(frames[k], k + 1.0, mean, spread) for k in range(n)],
                1.0,
                frames[:n].nbytes,
            )
        )
    return found


def compiled() -> Any:
    """Return what counts saturated pixels and zeros, finds the highest, adds, and runs mean and variance (Welford)."""
    from numba import njit

    @njit(fastmath=True)  # type: ignore[untyped-decorator]
    def fused(frame, seen, mean, spread):  # type: ignore[no-untyped-def]
        saturated, zeros, highest, total = 0, 0, 0, 0
        for row in range(frame.shape[0]):
            for column in range(frame.shape[1]):
                value = frame[row, column]
                saturated += value >= SATURATION
                zeros += value == 0
                highest = max(highest, value)
                total += value
                away = np.float32(value) - mean[row, column]
                mean[row, column] += away / np.float32(seen)
                spread[row, column] += away * (np.float32(value) - mean[row, column])
        return saturated, zeros, highest, total

    return fused
