"""Pictures that are moved by parts of a pixel."""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad


def shifted(images: Tensor, shifts: list[tuple[float, float]]) -> Tensor:
    """Return images moved by their shifts, bilinearly interpolated; what comes in from beyond the edge is dark.

    Parameters
    ----------
    images
        Shape ``(n, y, x)``.
    shifts
        Pixels down and to the right, one pair per image.
    """
    if not any(down or right for down, right in shifts):
        return images
    moved = [_along(_along(image, down, 0), right, 1) for image, (down, right) in zip(images, shifts, strict=True)]
    return torch.stack(moved)


def _along(image: Tensor, shift: float, axis: int) -> Tensor:
    whole = math.floor(shift)
    part = shift - whole
    return (1.0 - part) * _roll(image, whole, axis) + part * _roll(image, whole + 1, axis)


def _roll(image: Tensor, by: int, axis: int) -> Tensor:
    size = image.shape[axis]
    kept = max(0, size - abs(by))
    window = image.narrow(axis, max(0, -by) if kept else 0, kept)
    before, after = (min(by, size), 0) if by > 0 else (0, min(-by, size))
    return pad(window, (before, after) if axis == 1 else (0, 0, before, after))
