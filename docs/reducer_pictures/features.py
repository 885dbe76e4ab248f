"""Diffraction curves of a wafer, what they have in common, and one that is new."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from autoexp.reduction import AzimuthalIntegration, FrameMeta, FrameSpec
from autoexp.reduction.features import ComponentScores, Novelty, find_clusters, learn_basis
from autoexp.reduction.records import Reduced
from autoexp_simulators.wafer import wafer_scene

_N = 60


def draw(path: Path) -> None:
    scene, generator = wafer_scene(1), torch.Generator().manual_seed(0)
    places = 70 * torch.rand((_N, 2), generator=generator, dtype=torch.float64) - 35
    integration = AzimuthalIntegration(scene.geometry, bins=200, range=(1.0, 4.2))
    curves = [_curve(scene, integration, place, generator) for place in places]
    table = np.stack([curve.value for curve in curves])
    basis = learn_basis(table, 2)
    scores = [ComponentScores(basis).of(curve) for curve in curves]
    points = np.array([[float(each["pc1"].value), float(each["pc2"].value)] for each in scores])
    sigmas = np.array([[float(each["pc1"].sigma), float(each["pc2"].sigma)] for each in scores])
    clusters = find_clusters(points, 5)
    q = curves[0].axes["q"].values

    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(q, basis.mean / basis.mean.max(), color="grey", label="mean (scaled)")
    for number, component in enumerate(basis.components):
        left.plot(q, component, label=f"component {number + 1}")
    left.set_xlabel("q / (1/Å)")
    left.set_ylabel("weight of a point")
    left.set_title(f"learnt from {_N} curves")
    left.legend()
    truth = scene.fractions(places[:, 0].numpy(), places[:, 1].numpy())
    pure = truth.argmax(0 if len(truth) == 3 else 1)
    for label in range(len(clusters.weights)):
        right.plot(*clusters.centres[label], "k+", markersize=12)
    for phase in np.unique(pure):
        mine = pure == phase
        right.errorbar(*points[mine].T, sigmas[mine, 1], sigmas[mine, 0], fmt="o", markersize=4, label=f"phase {phase}")
    new = _with_ring(curves[0], q)
    novelty = [float(Novelty(basis).of(each)["novelty"].value) for each in (curves[0], new)]
    at = ComponentScores(basis).of(new)
    right.plot(float(at["pc1"].value), float(at["pc2"].value), "r*", markersize=11)
    right.annotate(
        f"with a new ring:\nnovelty {novelty[1]:.0f}, without {novelty[0]:.1f}",
        (float(at["pc1"].value), float(at["pc2"].value)),
        textcoords="offset points",
        xytext=(-150, 40),
        color="red",
    )
    right.set_xlabel("pc1 / counts")
    right.set_ylabel("pc2 / counts")
    right.set_title("scores; + centres of clusters")
    right.legend()
    figure.savefig(path, dpi=110)


def _curve(scene, integration, place, generator) -> Reduced:
    at = {"sample_x": place[:1], "sample_y": place[1:]}
    frame = torch.poisson(scene.exposure * scene.photons(at, torch.zeros(1)), generator=generator).to(torch.int32)
    state = integration.update(integration.init(FrameSpec(tuple(frame.shape[1:]))), frame, FrameMeta())
    return integration.read(state)["intensity"]


def _with_ring(curve: Reduced, q: np.ndarray) -> Reduced:
    ring = 0.3 * curve.value.max() * np.exp(-(((q - 1.5) / 0.02) ** 2))
    return Reduced(curve.value + ring, curve.sigma, curve.unit, curve.dims, curve.axes, curve.n_frames, curve.flags)
