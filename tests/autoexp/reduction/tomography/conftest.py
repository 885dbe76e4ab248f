"""Samples with projections in closed form."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from autoexp_simulators.tomography.phantom import Ellipsoid, projections, voxels

BODY = (
    Ellipsoid((0.03, -0.05, 0.0), (0.7, 0.55, 9.0), 0.4, 1.0),
    Ellipsoid((0.2, 0.15, 0.0), (0.2, 0.1, 9.0), 1.1, 0.8),
    Ellipsoid((-0.25, -0.1, 0.0), (0.12, 0.25, 9.0), 2.0, -0.5),
    Ellipsoid((0.0, -0.35, 0.0), (0.07, 0.07, 9.0), 0.0, 1.2),
)


def lines(degrees, columns=128, axis=None, ellipsoids=BODY):
    """Return one slice's line integrals per column, shape ``(angles, columns)``, averaged over each column."""
    axis = (columns - 1) / 2 if axis is None else axis
    fine = (torch.arange(4 * columns, dtype=torch.float64) + 0.5) / 4 - 0.5 - axis
    u = fine * 2.0 / columns
    angles = torch.deg2rad(torch.as_tensor(degrees, dtype=torch.float64))
    paths = projections(ellipsoids, angles, u, torch.zeros(1, dtype=torch.float64))[:, 0]
    return paths.reshape(len(angles), columns, 4).mean(-1) * columns / 2


def slice_of(columns=128, middle=None, ellipsoids=BODY):
    """Return the sample at pixels, averaged over each, shape ``(columns, columns)`` by y and x."""
    middle = (columns - 1) / 2 if middle is None else middle
    place = ((np.arange(4 * columns) + 0.5) / 4 - 0.5 - middle) * 2.0 / columns
    fine = voxels(ellipsoids, place[None, :], place[:, None], np.zeros((1, 1)))
    return fine.reshape(columns, 4, columns, 4).mean(axis=(1, 3))


def psnr(found, truth):
    """Return the peak signal to noise ratio in dB inside the circle, short of its edge."""
    n = len(truth)
    place = np.arange(n) - (n - 1) / 2
    inside = np.hypot(place, place[:, None]) < n / 2 - 2
    return 10 * math.log10(np.ptp(truth) ** 2 / np.mean((np.asarray(found) - truth)[inside] ** 2))


@pytest.fixture(scope="session")
def phantom():
    """Hand on what a sample looks like, and what it casts."""
    return SimpleNamespace(ellipsoids=BODY, lines=lines, slice_of=slice_of, psnr=psnr)
