"""Peaks beside scipy's curve_fit and lmfit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.optimize import curve_fit
from timing import Case

from autoexp.reduction.peaks import fit_peaks

POINTS, CURVES = 120, 256


def cases() -> list[Case]:
    """Return what is compared."""
    from lmfit.models import LinearModel, LorentzianModel

    x, rng = np.linspace(1.0, 4.0, POINTS), np.random.default_rng(4)
    start = (2.5, 0.3, 200.0, 40.0, 0.0)
    truth = np.array(start) * rng.uniform(0.8, 1.2, (CURVES, 5))
    found = []
    for shape, curve in (("gaussian", _gaussian), ("lorentzian", _lorentzian)):
        curves = rng.poisson(np.stack([curve(x, *each) for each in truth])).astype(float)
        sigma, batch = np.sqrt(curves.clip(1.0)), torch.from_numpy(curves)
        variance, grid = batch.clamp(min=1.0), torch.from_numpy(x)

        def ours(n: int, shape: Any = shape, y: Any = batch, v: Any = variance, grid: Any = grid) -> Callable[[], Any]:
            return lambda: fit_peaks(grid, y[:n], v[:n], shape)

        def theirs(n: int, curve: Any = curve, curves: Any = curves, sigma: Any = sigma) -> Callable[[], Any]:
            fit = lambda y, s: curve_fit(curve, x, y, start, s, absolute_sigma=True)
            return lambda: [fit(y, s) for y, s in zip(curves[:n], sigma[:n], strict=True)]

        for n in (CURVES, 1):
            name = f"peaks, {n} {shape} curve{'s' if n > 1 else ''} of {POINTS} points, with sigma"
            found.append(Case(name, "scipy curve_fit", ours(n), theirs(n), 10.0, n * batch[0].nbytes))
    model = LorentzianModel() + LinearModel()
    known = model.make_params(center=2.5, sigma=0.15, amplitude=200.0, intercept=40.0, slope=0.0)
    rivals = lambda: [model.fit(y, known, x=x, weights=1 / s) for y, s in zip(curves[:32], sigma[:32], strict=True)]
    name = f"peaks, 32 lorentzian curves of {POINTS} points, with sigma"
    return [*found, Case(name, "lmfit", ours(32), rivals, 10.0, 32 * batch[0].nbytes)]


def _gaussian(x: Any, position: float, width: float, area: float, offset: float, slope: float) -> Any:
    u = (x - position) / width
    return area / width * 2 * np.sqrt(np.log(2) / np.pi) * np.exp(-4 * np.log(2) * u**2) + offset + slope * x


def _lorentzian(x: Any, position: float, width: float, area: float, offset: float, slope: float) -> Any:
    u = (x - position) / width
    return area / width * 2 / np.pi / (1 + 4 * u**2) + offset + slope * x
