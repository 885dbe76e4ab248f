"""A scan of the Scene's sample, at whole samples of the object."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.ptychography import FarField, ObjectGrid
from autoexp_simulators.ptychography import PtychographyScene, Star

REACH = 20


@dataclass(frozen=True)
class Simulated:
    """A Scene, where it was measured and what was counted."""

    scene: PtychographyScene
    x: torch.Tensor
    y: torch.Tensor
    photons: torch.Tensor

    @property
    def spec(self):
        return FrameSpec(self.scene.shape)

    @property
    def grid(self):
        scene, span = self.scene, (-REACH * self.scene.sampling, REACH * self.scene.sampling)
        return ObjectGrid(FarField(scene.shape, scene.pixel_size, scene.distance, scene.wavelength), span, span)

    def counts(self, exposure, seed=0):
        return torch.poisson(self.photons * exposure, generator=torch.Generator().manual_seed(seed))

    def meta(self, start=0, stop=None):
        return FrameMeta(coordinates={"x": self.x[start:stop], "y": self.y[start:stop]})

    def state(self, reducer, counts):
        return reducer.update(reducer.init(self.spec), counts, self.meta(0, len(counts)))

    def phase_error(self, reading):
        """Root mean square in rad, beneath the middle of the scan, without phase ramp and mean."""
        y, x = self.grid.axes
        rows, columns = (np.abs(axis) <= REACH * self.scene.sampling for axis in (y, x))
        truth = self.scene.star.transmission(x[columns][None, :], y[rows][:, None])
        phase = reading["phase"].value[np.ix_(rows, columns)]
        wave = np.exp(1j * phase) * truth.conj()
        for axis in (0, 1, 0, 1):
            n = wave.shape[axis]
            step = np.angle((wave.take(range(1, n), axis) * wave.take(range(n - 1), axis).conj()).sum())
            ramp = np.exp(-1j * step * np.arange(n))
            wave = wave * (ramp[:, None] if axis == 0 else ramp)
        return float(np.sqrt((np.angle(wave * wave.sum().conj()) ** 2).mean()))


@pytest.fixture(scope="session")
def simulated():
    """A grid of positions with each a little off, over a star of particles."""
    star = Star(spokes=8, turn=0.3, particles=((0.1, 0.2, 0.12), (-0.2, -0.15, 0.1)))
    scene = PtychographyScene(star, shape=(64, 64), pixel_size=300e-6, aperture=0.9e-3, defocus=2.5e-4)
    steps = np.linspace(-REACH, REACH, 7)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    moved = grid + np.random.default_rng(0).integers(-2, 3, grid.shape)
    x, y = torch.from_numpy(np.clip(np.round(moved), -REACH, REACH).T * scene.sampling)
    return Simulated(scene, x, y, scene.photons({"sample_x": x, "sample_y": y}, torch.zeros(len(x))))
