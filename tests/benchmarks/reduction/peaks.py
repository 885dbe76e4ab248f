"""Peaks beside scipy's curve_fit and lmfit."""

from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.optimize import curve_fit
from timing import Call, Case

from autoexp.reduction.peaks import fit_peaks

POINTS, CURVES, FEW = 120, 256, 32
START = (2.5, 0.3, 200.0, 40.0, 0.0)


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    x, rng = np.linspace(1.0, 4.0, POINTS), np.random.default_rng(4)
    truth, grid = np.array(START) * rng.uniform(0.8, 1.2, (CURVES, 5)), torch.from_numpy(x).to(device)
    found = []
    for shape, curve in (("gaussian", _gaussian), ("lorentzian", _lorentzian)):
        curves = rng.poisson(np.stack([curve(x, *each) for each in truth])).astype(float)
        batch = torch.from_numpy(curves).to(device)
        variance = batch.clamp(min=1.0)
        for n in (CURVES, 1):
            name = f"peaks, {n} {shape} curve{'s' if n > 1 else ''} of {POINTS} points, with sigma"
            ours = partial(fit_peaks, grid, batch[:n], variance[:n], shape)
            peer = partial(_scipy, curve, x, curves[:n])
            found.append(Case(name, "scipy curve_fit", ours, peer, 10.0, n * batch[0].nbytes))
    name = f"peaks, {FEW} lorentzian curves of {POINTS} points, with sigma"
    ours = partial(fit_peaks, grid, batch[:FEW], variance[:FEW], "lorentzian")
    return [*found, Case(name, "lmfit", ours, partial(_lmfit, x, curves[:FEW]), 10.0, FEW * batch[0].nbytes)]


def _scipy(curve: Any, x: np.ndarray, curves: np.ndarray) -> Call:
    sigmas = np.sqrt(curves.clip(1.0))
    fit = lambda y, sigma: curve_fit(curve, x, y, START, sigma, absolute_sigma=True)
    return lambda: [fit(y, sigma) for y, sigma in zip(curves, sigmas, strict=True)]


def _lmfit(x: np.ndarray, curves: np.ndarray) -> Call:
    from lmfit.models import LinearModel, LorentzianModel

    model, weights = LorentzianModel() + LinearModel(), 1.0 / np.sqrt(curves.clip(1.0))
    known = model.make_params(center=2.5, sigma=0.15, amplitude=200.0, intercept=40.0, slope=0.0)
    return lambda: [model.fit(y, known, x=x, weights=weight) for y, weight in zip(curves, weights, strict=True)]


def _gaussian(x: Any, position: float, width: float, area: float, offset: float, slope: float) -> Any:
    u = (x - position) / width
    return area / width * 2 * np.sqrt(np.log(2) / np.pi) * np.exp(-4 * np.log(2) * u**2) + offset + slope * x


def _lorentzian(x: Any, position: float, width: float, area: float, offset: float, slope: float) -> Any:
    u = (x - position) / width
    return area / width * 2 / np.pi / (1 + 4 * u**2) + offset + slope * x
