"""From raw frames to floating-point values, variances and masks."""

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.counts import highest_count
from autoexp.reduction.records import SENTINELS, Frames

_EXACT_IN_FLOAT32 = (torch.uint8, torch.int8, torch.int16, torch.uint16, torch.float16, torch.bfloat16, torch.float32)


def lift(frames: Tensor | Frames, device: str | torch.device) -> Frames:
    """Return frames ready for arithmetic on `device`.

    Parameters
    ----------
    frames
        Raw frames, shape ``(n, y, x)``, or frames that were lifted before. Values that float32
        does not hold exactly become float64, so counts above 2**24 keep their precision. Sentinels
        (-1, 2**16 - 1, 2**32 - 1) and non-finite values become invalid.
    device
        Where the result lives.

    Raises
    ------
    ReductionError
        If the frames have no such shape, or are complex.
    """
    if isinstance(frames, Frames):
        return frames
    if frames.ndim != 3 or frames.is_complex():
        raise ReductionError(f"frames must be real and (n, y, x), got {frames.dtype} of shape {tuple(frames.shape)}")
    raw = frames.to(device, non_blocking=True)
    values = raw.to(torch.float32 if raw.dtype in _EXACT_IN_FLOAT32 else torch.float64)
    if values.device.type == "cpu" and not _suspicious(raw):
        return Frames(values)
    valid = usable(values)
    return Frames(torch.where(valid, values, 0.0), None, valid)


def usable(values: Tensor) -> Tensor:
    """Return where raw values are counts: finite, and no sentinel."""
    valid = torch.isfinite(values)
    for sentinel in SENTINELS:
        valid &= values != sentinel
    return valid


def _suspicious(raw: Tensor) -> bool:
    """Return whether raw frames could hold a sentinel, in one cheap pass and without a mask."""
    if raw.numel() == 0 or raw.dtype in (torch.uint8, torch.bool):
        return False
    if not raw.dtype.is_floating_point:
        return highest_count(raw, raw.device) is None
    low, high = (float(bound) for bound in torch.aminmax(raw))
    return not (low > -1 and high < SENTINELS[1])
