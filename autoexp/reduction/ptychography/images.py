"""What an estimate shows: where it was illuminated, two of them laid over each other, and how they differ."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from autoexp.reduction.ptychography.engine import Corner, Estimate, window_of

_ROUNDS = 3


def illumination(estimate: Estimate, corners: Sequence[Corner]) -> Tensor:
    """Return the photons that met each sample of the object, float32, shape ``(y, x)``."""
    power, dose = estimate.probe.abs().square(), torch.zeros_like(estimate.object.real)
    for corner in corners:
        window_of(dose, corner, power.shape).add_(power)
    return dose


def upright(image: Tensor, weight: Tensor) -> Tensor:
    """Return a complex image, shape ``(y, x)``, turned so that its weighted mean is positive."""
    mean = (image * weight).sum()
    return image * torch.exp(-1j * mean.angle())


def aligned(image: Tensor, reference: Tensor, weight: Tensor) -> Tensor:
    """Return a complex image without the phase, the phase ramp and the factor by which it differs from another.

    Patterns do not tell any of the three. Each ramp is the phase of the weighted sum of neighbours' products.

    Parameters
    ----------
    image, reference
        Complex, shape ``(y, x)``.
    weight
        Of each sample, shape ``(y, x)``.
    """
    for _ in range(_ROUNDS):
        ratio = image * reference.conj() * weight
        for dim in (0, 1):
            steps = ratio.narrow(dim, 1, ratio.shape[dim] - 1) * ratio.narrow(dim, 0, ratio.shape[dim] - 1).conj()
            ramp = torch.arange(ratio.shape[dim], device=image.device) * steps.sum().angle()
            image = image * torch.exp(-1j * (ramp[:, None] if dim == 0 else ramp[None, :]))
    scale = (reference.conj() * image * weight).sum() / (image.abs().square() * weight).sum().clamp(min=1e-30)
    return image * scale.conj()


def spread(difference: Tensor, valid: Tensor, box: int = 5) -> Tensor:
    """Return the standard deviation of the mean of two independent images from their difference, shape ``(y, x)``.

    Half the root mean square of the difference over a box of so many samples a side, valid ones only.
    """
    squares = torch.where(valid, difference.square(), 0.0)

    def mean(values: Tensor) -> Tensor:
        return avg_pool2d(values[None, None], box, stride=1, padding=box // 2)[0, 0]

    return 0.5 * (mean(squares) / mean(valid.to(squares.dtype)).clamp(min=1e-12)).sqrt()
