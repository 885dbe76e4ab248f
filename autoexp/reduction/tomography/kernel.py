"""The Kaiser-Bessel kernel that spreads a value over a grid, and what it does to the picture.

References
----------
.. [1] P. J. Beatty, D. G. Nishimura and J. M. Pauly, IEEE Trans. Med. Imaging 24, 799 (2005).
"""

import math

import torch
from torch import Tensor

WIDTH = 4
"""Cells of the grid that the kernel covers along each axis."""

OVERSAMPLING = 2.0
"""How many times finer than its picture asks the grid is."""

BETA = math.pi * math.sqrt((WIDTH / OVERSAMPLING) ** 2 * (OVERSAMPLING - 0.5) ** 2 - 0.8)
"""The best shape for this width and oversampling, eq. 5 of [1]_."""

_STEPS = 4096


def kernel(distance: Tensor) -> Tensor:
    """Return the kernel at distances in cells, ``I0(beta sqrt(1 - (2 d / W)²)) / W``; zero beyond ``W / 2``."""
    inside = (1.0 - (2.0 / WIDTH * distance) ** 2).clamp(min=0.0)
    value = torch.special.i0(BETA * inside.sqrt()) / WIDTH
    return torch.where(distance.abs() <= WIDTH / 2, value, 0.0)


def taps(places: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first cell that each place, in cells, is spread over, and its weights in `WIDTH` cells from there.

    The kernel comes from a table, linear in between.

    Parameters
    ----------
    places
        Of any shape.

    Returns
    -------
        Cells, int64, shape of `places`, and weights, that shape and one more dimension of length `WIDTH`.
    """
    first = torch.ceil(places - WIDTH / 2)
    table = kernel(torch.arange(-_STEPS * WIDTH // 2, _STEPS * WIDTH // 2 + 2, device=places.device) / _STEPS)
    fine = (first - places + WIDTH / 2) * _STEPS
    low = fine.floor()
    part = (fine - low)[..., None]
    cells = low.to(torch.int64)[..., None] + _STEPS * torch.arange(WIDTH, device=places.device)
    return first.to(torch.int64), torch.lerp(table[cells], table[cells + 1], part)


def apodisation(pixels: Tensor, grid: int) -> Tensor:
    """Return by what the kernel multiplies a picture: ``sinh(z) / z``, ``z² = beta² - (pi W m / grid)²`` (eq. 4, [1]_).

    Parameters
    ----------
    pixels
        Distance m of each pixel from the middle.
    grid
        Cells of the grid.
    """
    z = torch.sqrt(BETA**2 - (math.pi * WIDTH * pixels.to(torch.float64) / grid) ** 2)
    return torch.sinh(z) / z
