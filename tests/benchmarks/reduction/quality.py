"""Data quality beside a single compiled pass over the same numbers."""

from functools import partial
from typing import Any

import numpy as np
import torch
from timing import Call, Case

from autoexp.reduction import DataQuality, FrameMeta, FrameSpec
from autoexp.reduction.upload import Upload

SATURATION = 60_000


def cases(device: str) -> list[Case]:
    """Return what is compared: what is done for every frame, not what is read from it once a point."""
    frames = np.random.default_rng(5).poisson(100, (16, 1024, 1024)).astype(np.uint16)
    ours, found = DataQuality(saturation=SATURATION), []
    upload, empty = Upload(device), ours.init(FrameSpec(frames.shape[1:], device))
    for n in (1, 16):
        batch = torch.from_numpy(frames[:n])
        batch = batch if device == "cpu" else batch.pin_memory()
        found.append(
            Case(
                f"data quality, {n} frame{'s' if n > 1 else ''} of 1k x 1k",
                "numba, one fused pass",
                lambda batch=batch: ours.update(empty, upload(batch), FrameMeta()),
                partial(theirs, frames[:n]),
                1.0,
                frames[:n].nbytes,
            )
        )
    return found


def theirs(frames: np.ndarray) -> Call:
    """Return a call that runs over frames."""
    fused = compiled()
    mean, spread = np.zeros(frames.shape[1:], np.float32), np.zeros(frames.shape[1:], np.float32)
    return lambda: [fused(frame, seen, mean, spread) for seen, frame in enumerate(frames, 1)]


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
