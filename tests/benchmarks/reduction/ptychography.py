"""Ptychography beside pty-chi's ePIE and rPIE: the time of a sweep over all patterns, and the error after ten."""

import contextlib
import importlib.util
import io
import logging
import math
import sys
import types
import warnings
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import torch
from timing import Case

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.ptychography import Engine, Estimate, FarField, ObjectGrid, Ptychography
from autoexp.reduction.ptychography.misfit import misfits, r_factor
from autoexp.reduction.ptychography.scan import Scan

_EPOCHS = 10
_REACH = 32


def cases(device: str) -> list[Case]:
    """Return what is compared: the same patterns, first probe, batch and weights, at positions of whole samples."""
    reducer, scan, counts = _scan(device)
    begin = reducer.begin(scan)[0]
    found = []
    # pty-chi adds the updates of a batch up and needs smaller steps there; its own default is 0.1
    for method, weight, batch, step in (("ePIE", 1.0, 1, 1.0), ("ePIE", 1.0, 8, 0.1), ("rPIE", 0.1, 8, 0.1)):
        engine = Engine(object_weight=weight, batch=batch)
        ours, told, peer = _Ours(engine, scan, begin), "", partial(import_module, "ptychi")
        if importlib.util.find_spec("ptychi") is not None:
            theirs = _Theirs(method, reducer.grid, scan, begin, counts, batch, step)
            told, peer = f", {_error(theirs.run(_EPOCHS), scan):.3f} there", partial(getattr, theirs, "one")
        name = (
            f"ptychography, {method}, batch {batch}, a sweep of {len(counts)} patterns of 128²; R after {_EPOCHS}: "
            f"{_error(ours.run(_EPOCHS), scan):.3f} here{told}"
        )
        floor = 8 * len(counts) * begin.probe.numel() * 4
        transforms = 2 * 5 * begin.probe.numel() * math.log2(begin.probe.numel()) * len(counts)
        found.append(Case(name, "pty-chi", ours.one, peer, 2.0, floor, transforms))
    return found


def _scan(device: str) -> tuple[Ptychography, Scan, torch.Tensor]:
    from autoexp_simulators.ptychography import PtychographyScene, Star

    scene = PtychographyScene(Star(), shape=(128, 128), pixel_size=150e-6)
    optics = FarField(scene.shape, scene.pixel_size, scene.distance, scene.wavelength)
    grid = np.stack(np.meshgrid(*[np.linspace(-_REACH, _REACH, 7)] * 2), axis=-1).reshape(-1, 2)
    moved = np.round(grid + np.random.default_rng(0).uniform(-2, 2, grid.shape)).clip(-_REACH, _REACH)
    x, y = torch.from_numpy(moved.T * scene.sampling)
    photons = scene.photons({"sample_x": x, "sample_y": y}, torch.zeros(len(x))) * scene.exposure
    counts = torch.poisson(photons, generator=torch.Generator().manual_seed(0))
    span = (-_REACH * scene.sampling, _REACH * scene.sampling)
    reducer = Ptychography(ObjectGrid(optics, span, span), defocus=scene.defocus)
    meta = FrameMeta(coordinates={"x": x, "y": y})
    # in the order of the keys, so that both have the patterns in one order
    scan = reducer.update(reducer.init(FrameSpec(scene.shape, device)), counts, meta)
    return reducer, scan, torch.stack([torch.fft.fftshift(each.amplitude).square() for each in scan.patterns])


class _Ours:
    def __init__(self, engine: Engine, scan: Scan, begin: Estimate) -> None:
        self._engine, self._begin = engine, begin
        self._data = [each.corner for each in scan.patterns], [each.amplitude for each in scan.patterns]

    def one(self) -> Estimate:
        return self._engine.sweep(self._begin, *self._data, 0)

    def run(self, epochs: int) -> Estimate:
        estimate = self._begin
        for epoch in range(epochs):
            estimate = self._engine.sweep(estimate, *self._data, epoch)
        return estimate


class _Theirs:
    def __init__(
        self, method: str, grid: ObjectGrid, scan: Scan, begin: Estimate, counts: torch.Tensor, batch: int, step: float
    ) -> None:
        _let_import()
        from ptychi import api
        from ptychi.api.task import PtychographyTask

        self._device = begin.probe.device
        options = {"ePIE": api.EPIEOptions, "rPIE": api.RPIEOptions}[method]()
        options.data_options.wavelength_m = grid.optics.wavelength
        options.object_options.pixel_size_m = grid.optics.sampling[0] * 1e-6
        for each in (options.object_options, options.probe_options):
            each.optimizer = api.Optimizers.SGD
            each.alpha = {"ePIE": step, "rPIE": 0.1}[method]
            each.step_size = {"ePIE": 1.0, "rPIE": step}[method]
        options.reconstructor_options.default_device = api.Devices.CPU
        options.reconstructor_options.batch_size = batch
        options.reconstructor_options.random_seed = 0
        corners = np.array([each.corner for each in scan.patterns], dtype=float)
        y, x = (corners - (np.array(grid.shape) - np.array(grid.optics.shape)) / 2).T
        # its transform is not unitary
        probe = begin.probe.cpu().numpy() / math.sqrt(begin.probe.numel())
        with _silence():
            self._task = PtychographyTask(
                options,
                diffraction_data=counts.cpu().numpy(),
                object_data=np.ones((1, *grid.shape), dtype=np.complex64),
                probe_data=probe[None, None],
                probe_position_y_px=y,
                probe_position_x_px=x,
            )

    def one(self) -> Any:
        with _silence():
            self._task.run(1)

    def run(self, epochs: int) -> Estimate:
        with _silence():
            self._task.run(epochs)
        whole, probe = (
            torch.as_tensor(self._task.get_data_to_cpu(name, as_numpy=True)).to(self._device)
            for name in ("object", "probe")
        )
        scale = math.sqrt(probe[0, 0].numel())
        return Estimate(whole[0].to(torch.complex64), (probe[0, 0] * scale).to(torch.complex64))


def _let_import() -> None:
    """Stand in for torchvision, of which pty-chi imports a blur that is not used here, where there is none."""
    if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
        transforms = types.ModuleType("torchvision.transforms")
        transforms.GaussianBlur = None  # type: ignore[attr-defined]
        sys.modules |= {"torchvision": types.ModuleType("torchvision"), "torchvision.transforms": transforms}


@contextlib.contextmanager
def _silence() -> Any:
    logging.disable(logging.INFO)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def _error(estimate: Estimate, scan: Scan) -> float:
    return r_factor(misfits(estimate, scan.patterns))[0]
