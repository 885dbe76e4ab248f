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
    nonnegative = Case(
        f"XRF, non-negative fit with sigma of {n} spectra, 2048 x 14",
        "scipy nnls (no sigma)",
        lambda: fit.fit(there, there),
        lambda: lambda: [nnls(lines, spectrum) for spectrum in maps],
        20.0,
        pixels.nbytes,
    )
    counts = maps.astype(np.int32)
    return [
        nonnegative,
        _sums(np.ascontiguousarray(counts), "as a detector writes them", device),
        _sums(np.asfortranarray(counts), "those of a channel side by side", device),
    ]


def _sums(spectra: np.ndarray, order: str, device: str) -> Case:
    regions = RegionSums(tuple(Region(f"line{i}", 100 * i, 100 * i + 60) for i in range(14)))
    slices = lambda: [spectra[:, 100 * i : 100 * i + 60].sum() for i in range(14)]
    name = f"XRF, 14 regions with sigma of {len(spectra)} spectra, {order}"
    ours = reduce_all(regions, torch.from_numpy(spectra)[:, None], device=device)
    return Case(name, "numpy slices", ours, lambda: slices, 1.0, spectra.nbytes)
