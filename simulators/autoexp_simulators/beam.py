"""Focused beams as Gaussians, and their image on a pixel detector."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FloatArray = NDArray[np.float64]


def spots(
    x: FloatArray,
    y: FloatArray,
    sigma_x: FloatArray,
    sigma_y: FloatArray,
    photons: FloatArray,
    shape: tuple[int, int],
    device: str = "cpu",
) -> Tensor:
    """Return the expected photons per second of each pixel, float32, shape ``(n, y, x)``.

    A Gaussian's integral over a pixel is a difference of error functions.

    Parameters
    ----------
    x, y
        Centres in pixels, shape ``(n,)``; pixel ``i`` reaches from ``i - 0.5`` to ``i + 0.5``.
    sigma_x, sigma_y
        Standard deviations in pixels.
    photons
        Photons per second.
    shape
        Rows and columns.
    device
        Where to, as torch names it.
    """
    rows = _pixel_shares(_column(y, device), _column(sigma_y, device), shape[0])
    columns = _pixel_shares(_column(x, device), _column(sigma_x, device), shape[1])
    rows = (rows * _column(photons, device)).to(torch.float32)
    return rows[:, :, None] * columns.to(torch.float32)[:, None, :]


def _column(values: FloatArray, device: str) -> Tensor:
    return torch.as_tensor(np.asarray(values, dtype=float), device=device)[:, None]


def _pixel_shares(center: Tensor, sigma: Tensor, count: int) -> Tensor:
    """Return the share of Gaussians that falls on each of `count` pixels, shape ``(n, count)``."""
    edges = torch.arange(count + 1, dtype=torch.float64, device=center.device) - 0.5
    cumulative = 0.5 * torch.special.erf((edges - center) / (math.sqrt(2.0) * sigma))
    return torch.diff(cumulative, dim=-1)
