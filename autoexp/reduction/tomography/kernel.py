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


def taps(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the first cells that places are spread over, and the weights of the square of cells from there.

    The kernel comes from a table of its values at 4096 places in a cell.

    Parameters
    ----------
    x, y
        Places in cells, of one shape.

    Returns
    -------
        First cells along x and y, int64, shape of the places; weights, that shape and ``(WIDTH²,)``, by y and x.
    """
    part = torch.arange(_STEPS + 1, device=x.device)[:, None] / _STEPS
    table = kernel(part - WIDTH / 2 + torch.arange(WIDTH, device=x.device))
    first_x, steps_x = _first(x)
    first_y, steps_y = _first(y)
    along_x, along_y = table.repeat(1, WIDTH), table.repeat_interleave(WIDTH, 1)
    weights = along_y[steps_y].mul_(along_x[steps_x])
    return first_x, first_y, weights


def _first(places: Tensor) -> tuple[Tensor, Tensor]:
    first = torch.ceil(places - WIDTH / 2)
    steps = torch.round((first - places + WIDTH / 2) * _STEPS)
    return first.to(torch.int64), steps.to(torch.int64)


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
