"""Absorption spectra beside larch's pre_edge."""

from functools import partial
from typing import Any

import numpy as np
import torch
from timing import Call, Case, reduce_all

from autoexp.reduction import FrameMeta, Windows, Xanes
from autoexp.reduction.xanes.normalisation import normalise, steepest

POINTS, SPECTRA = 400, 256


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    energy = np.linspace(7060.0, 7180.0, POINTS)
    absorption = 0.7 + 0.5 * np.arctan((energy - 7120.0) / 1.2) / np.pi + 0.2 / (1 + ((energy - 7124.0) / 2.5) ** 2)
    noise = np.random.default_rng(3).standard_normal((SPECTRA, POINTS))
    mu, grid = absorption + 1e-3 * noise, torch.from_numpy(energy).to(device)
    spectra = torch.from_numpy(mu).to(device)
    variance = torch.full_like(spectra, 1e-6)

    def ours(n: int) -> Any:
        e0 = steepest(grid, spectra[:n], 1.0)
        found = normalise(grid, spectra[:n], variance[:n], e0, Windows())
        return found.norm, found.sigma()

    def theirs(n: int) -> Call:
        from larch import Group
        from larch.xafs import pre_edge

        return lambda: [pre_edge(energy, each, group=Group()) for each in mu[:n]]

    rates = 1e6 * torch.tensor(np.stack([np.ones(POINTS), np.exp(-absorption)], 1))[:, None]
    frames = torch.poisson(rates, generator=torch.Generator().manual_seed(1)).to(torch.int32)
    read = reduce_all(Xanes(tuple(energy)), frames, FrameMeta(coordinates={"energy": grid}), device)
    peer = "larch pre_edge (no sigma)"
    return [
        Case(
            f"XANES, {SPECTRA} spectra of a map normalised, with sigma",
            peer,
            partial(ours, SPECTRA),
            partial(theirs, SPECTRA),
            15.0,
            spectra.nbytes,
        ),
        Case(
            "XANES, one spectrum normalised, with sigma",
            peer,
            partial(ours, 1),
            partial(theirs, 1),
            15.0,
            spectra[0].nbytes,
        ),
        Case(
            "XANES, one spectrum from counts to edge and white line",
            peer,
            read,
            partial(theirs, 1),
            15.0,
            frames.nbytes,
        ),
    ]
