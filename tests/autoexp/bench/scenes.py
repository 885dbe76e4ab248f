"""A beamline of one motor and one counter whose truth is a Gaussian peak."""

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from autoexp.objectives import Explore, Maximize
from autoexp.reduction.spectra import Region, RegionSums
from autoexp_simulators.assembly import assemble
from autoexp_simulators.specs import DetectorSpec, MotorSpec


@dataclass(frozen=True)
class Peak:
    centre: float = 2.0
    exposure: float = 0.1

    def expected(self, points):
        x = np.asarray(points["x"], dtype=float)
        return {"count_all": self.exposure * (2e4 + 1e6 * np.exp(-0.5 * (x - self.centre) ** 2))}

    def truth(self):
        return xr.Dataset(attrs={"centre": self.centre})

    def optimum(self):
        return {"x": self.centre}

    def photons(self, positions, time):
        rate = 2e4 + 1e6 * torch.exp(-0.5 * (positions["x"] - self.centre) ** 2)
        return rate.float().reshape(-1, 1, 1)


def peak_beamline(*, seed=0, speed=None, objective=Maximize("count_all"), scene=Peak()):  # noqa: B008
    return assemble(
        "peak",
        scene,
        motors=[MotorSpec("x", (-5.0, 5.0), "mm", velocity=2.0)],
        detectors=[DetectorSpec("counter", (1, 1), scene.photons, RegionSums((Region("all", 0, 1),)), "count")],
        objectives=[objective],
        seed=seed,
        speed=speed,
    )


def peak_map(*, seed=0, speed=None):
    return peak_beamline(seed=seed, speed=speed, objective=Explore("count_all"))
