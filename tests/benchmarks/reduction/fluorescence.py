"""Fluorescence spectra beside scipy's nnls and numpy's slices."""

import numpy as np
import torch
from scipy.optimize import nnls
from timing import Case, reduce_all

from autoexp.reduction import Region, RegionSums, SpectrumFit


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    rng = np.random.default_rng(2)
    channels, k, n = 2048, 14, 256
    channel = np.arange(channels)[:, None]
    lines = np.exp(-((channel - np.linspace(150, 1800, k)) ** 2) / (2 * 12.0**2))
    lines[lines < 1e-100] = 0.0  # denormal numbers would slow scipy down
    maps = rng.poisson(lines @ rng.exponential(200, (k, n)) + 0.5).T.astype(float)
    fit = SpectrumFit(torch.from_numpy(lines), tuple(f"line{i}" for i in range(k)))
    pixels = torch.from_numpy(maps)
    there = pixels.to(device)
    regions = RegionSums(tuple(Region(f"line{i}", 100 * i, 100 * i + 60) for i in range(k)))
    stack = pixels[:, None].to(torch.int32)
    numbers = stack.numpy()
    slices = lambda: [numbers[:, 0, 100 * i : 100 * i + 60].sum() for i in range(k)]
    return [
        Case(
            f"XRF, non-negative fit with sigma of {n} spectra, 2048 x 14",
            "scipy nnls (no sigma)",
            lambda: fit.fit(there, there),
            lambda: lambda: [nnls(lines, spectrum) for spectrum in maps],
            20.0,
            pixels.nbytes,
        ),
        Case(
            f"XRF, {k} regions with sigma of {n} spectra",
            "numpy slices",
            reduce_all(regions, stack, device=device),
            lambda: slices,
            1.0,
            stack.nbytes,
        ),
    ]
