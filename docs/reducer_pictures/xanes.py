"""A noisy absorption spectrum as it is normalised, and what it says."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import FrameMeta, FrameSpec, References, Windows, Xanes
from autoexp_simulators.xanes.scene import xanes_scene


def draw(path: Path) -> None:
    scene, energy = xanes_scene(0), np.linspace(7080.0, 7180.0, 201)
    spectra = np.stack([each.step(energy, scene.width) for each in scene.species])
    references = References(tuple(each.name for each in scene.species), energy, spectra)
    place = {"energy": torch.from_numpy(energy)} | {name: torch.zeros(201) for name in ("sample_x", "sample_y")}
    expected = 2e-2 * scene.photons(place, torch.zeros(201))
    counts = torch.poisson(expected, generator=torch.Generator().manual_seed(0)).to(torch.int32)
    reducer = Xanes(tuple(energy), windows=Windows(pre2=-15.0, nnorm=0), references=references)
    meta = FrameMeta(coordinates={"energy": torch.from_numpy(energy)})
    found = reducer.read(reducer.update(reducer.init(FrameSpec((1, 2))), counts, meta))
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    spectrum, edge = found["spectrum"], found["edge"]
    left.errorbar(energy, spectrum.value, spectrum.sigma, fmt=".", markersize=3, linewidth=0.6, label="spectrum")
    left.axvline(float(edge.value), color="red", linewidth=0.8, label=f"half step {_text(edge)} eV")
    line = found["white_line_energy"], found["white_line"]
    left.plot(*(float(each.value) for each in line), "r+", label=f"white line {_text(line[1])}")
    left.set_xlabel("energy / eV")
    left.set_ylabel("normalised absorption")
    left.set_title("40 000 photons a point")
    left.legend()
    names = references.names
    fractions = [found[f"fraction_{name}"] for name in names]
    truth = scene.truth().fraction.sel(sample_x=0.0, sample_y=0.0, method="nearest")
    right.bar(names, truth, color="lightgrey", label="truth")
    values, sigmas = ([float(getattr(each, kind)) for each in fractions] for kind in ("value", "sigma"))
    right.errorbar(names, values, sigmas, fmt="ro", markersize=4, capsize=4, label="found")
    right.set_ylabel("fraction")
    right.set_title(f"fractions; misfit {float(found['misfit'].value):.2f}")
    right.legend()
    figure.savefig(path, dpi=110)


def _text(reduced) -> str:
    return f"{float(reduced.value):.2f} ± {float(reduced.sigma):.2f}"
