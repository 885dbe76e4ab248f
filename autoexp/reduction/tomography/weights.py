"""How much each projection counts when angles are not evenly spaced."""

import math

import torch
from torch import Tensor


def angle_weights(angles: Tensor) -> Tensor:
    """Return the part of the half circle, in rad, that is nearer to each angle than to any other; together pi.

    Opposite views are the same line integrals, so angles count modulo pi. An angle that was measured twice shares
    its part.

    Parameters
    ----------
    angles
        In rad, shape ``(n,)``.
    """
    order = torch.argsort(angles.remainder(math.pi), stable=True)
    ascending = angles.remainder(math.pi)[order]
    gaps = torch.cat([ascending[1:], ascending[:1] + math.pi]) - ascending
    return torch.empty_like(gaps).scatter_(0, order, 0.5 * (gaps + gaps.roll(1)))
