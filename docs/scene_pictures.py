"""Pictures of the Scenes, drawn anew whenever these pages are built: the truth, and what a detector sees of it.

A Scene gets its picture by one function here and one line in `DRAWINGS`; its page shows ``pictures/NAME.png``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import numpy as np
from bluesky import RunEngine
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from autoexp.beamline import Beamline
from autoexp.plugins import load

Drawing = Callable[[Beamline, Axes, Axes], None]


def draw_all(folder: Path) -> None:
    """Draw each Scene of `DRAWINGS` into ``folder/NAME.png``, truth on the left and a frame on the right."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in DRAWINGS.items():
        figure = Figure(figsize=(9.0, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        drawing(load("scenes", name)(seed=0), left, right)
        figure.savefig(folder / f"{name}.png", dpi=110)


def take(beamline: Beamline, readout: int = 0, **point: float) -> np.ndarray:
    """Return a raw frame of a detector at a point, with all its noise."""
    detector = beamline.readouts[readout].detector
    moves = [item for dof in beamline.dofs if dof.name in point for item in (dof.movable, point[dof.name])]

    def plan() -> Any:
        if moves:
            yield from bps.mv(*moves)
        yield from bps.trigger(detector, wait=True)

    RunEngine({})(plan())
    return np.asarray(detector.image.get())


def show(axes: Axes, image: np.ndarray, title: str, *, log: bool = False, **options: Any) -> None:
    """Draw an image or a map with its scale; rows upwards."""
    norm = LogNorm(vmin=max(1.0, float(np.nanmin(image)))) if log else None
    drawn = axes.imshow(image, origin="lower", norm=norm, **options)
    axes.figure.colorbar(drawn, ax=axes)
    axes.set_title(title)


def label(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name what is drawn along x and y."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title:
        axes.set_title(title)


def _mirrors(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    scene, best = beamline.scene, beamline.scene.optimum()
    pitch, bend = np.meshgrid(np.linspace(-35, 35, 101), np.linspace(-10, 10, 101))
    columns = {dof.name: np.full(pitch.size, best[dof.name]) for dof in beamline.dofs}
    columns |= {"v_pitch": pitch.ravel(), "v_bend": bend.ravel()}
    size = scene.expected(columns)["spot_size"].reshape(pitch.shape)
    show(truth, size, "spot size in px", log=True, extent=(-35, 35, -10, 10), aspect="auto")
    truth.plot(best["v_pitch"], best["v_bend"], "r+")
    label(truth, "v_pitch / urad", "v_bend / percent")
    show(frame, take(beamline, v_pitch=-10.0, v_bend=-4.0), "camera, out of focus", log=True)


def _kb(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    scene, best = beamline.scene, beamline.scene.optimum()
    blade, bend = np.meshgrid(np.linspace(20, 1500, 101), np.linspace(-10, 10, 101))
    columns = {name: np.full(blade.size, value) for name, value in best.items()}
    columns |= {"v_low": blade.ravel(), "v_high": blade.ravel(), "v_bend": bend.ravel()}
    found = scene.expected(columns)
    extent = (20, 1500, -10, 10)
    show(truth, found["spot_size"].reshape(blade.shape), "spot size in px, photons", extent=extent, aspect="auto")
    drawn = truth.contour(blade, bend, found["spot_sum"].reshape(blade.shape), colors="w", linewidths=0.8)
    truth.clabel(drawn, fmt="%.0f")
    label(truth, "v_low = v_high / um", "v_bend / percent", "spot size in px; photons a frame as lines")
    show(frame, take(beamline, v_pitch=-20.0, v_bend=3.0, h_low=60.0, h_high=60.0), "camera, narrow slit", log=True)


def _transition(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    rate = beamline.scene.truth().rate
    temperatures = np.linspace(20, 120, 26)
    counts = [take(beamline, temperature=float(value)).item() for value in temperatures]
    truth.semilogy(rate.temperature, rate)
    label(truth, "temperature / K", "counts per second", "truth")
    frame.semilogy(temperatures, np.maximum(counts, 0.5), "o", markersize=3)
    label(frame, "temperature / K", "counts in 1 s", "26 readings")


def _xrf(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    scene = beamline.scene
    show(truth, scene.truth().areal_density.sel(element="Fe"), "iron in ug/cm²", extent=(-50, 50, -50, 50))
    label(truth, "sample_x / um", "sample_y / um")
    cell = scene.cells[0]
    spectrum = take(beamline, sample_x=cell.x, sample_y=cell.y, spectrum_exposure=2.0)[0]
    frame.semilogy(scene.detector.energies() / 1e3, np.maximum(spectrum, 0.5), linewidth=0.6)
    label(frame, "energy / keV", "counts in 2 s", "spectrum of a cell")


def _xanes(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    scene = beamline.scene
    show(truth, scene.truth().edge_energy, "edge energy in eV", extent=(-1, 1, -1, 1))
    label(truth, "sample_x / mm", "sample_y / mm")
    energies = np.linspace(7090.0, 7170.0, 81)
    middle = scene.particles[2]
    for name, x, y in (("a particle", middle.x, middle.y), ("the film", -0.95, -0.95)):
        counts = np.array([take(beamline, energy=float(e), sample_x=x, sample_y=y)[0] for e in energies], dtype=float)
        frame.plot(energies, np.log(counts[:, 0] / counts[:, 1]), ".", markersize=3, label=name)
    frame.legend()
    label(frame, "energy / eV", "ln(I0 / It)", "two spectra, point by point")


def _saxs(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    order = beamline.scene.truth().order_parameter
    show(truth, order.T, "order parameter", extent=(300, 380, 0, 600), aspect="auto")
    truth.axvline(beamline.scene.crystallisation.transition, color="red", linewidth=0.8)
    label(truth, "temperature / K", "hold / s")
    show(frame, take(beamline, temperature=326.0, hold=60.0), "camera, partly crystalline", log=True)


def _xpcs(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    known = beamline.scene.truth()
    for temperature in (280.0, 300.0, 320.0):
        curve = known.g2.sel(q=4e-3, temperature=temperature, method="nearest")
        truth.semilogx(curve.lag, curve, label=f"{temperature:.0f} K")
    truth.legend()
    label(truth, "lag / s", "g2", "truth at q = 0.004 1/Å")
    show(frame, take(beamline, temperature=290.0)[0], "the first frame of a movie", vmax=25)


def _tomography(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    volume = beamline.scene.truth().attenuation
    show(truth, volume.sel(z=0.0, method="nearest"), "attenuation in 1/mm at z = 0", extent=(-1, 1, -1, 1))
    label(truth, "x / mm", "y / mm")
    show(frame, take(beamline, angle=40.0), "camera at 40 degrees")


def _ptychography(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    known = beamline.scene.truth()
    reach = float(known.x.max())
    show(truth, np.angle(known.object), "phase of the object in rad", extent=(-reach, reach, -reach, reach))
    waist = np.abs(known.probe.values)
    truth.contour(known.probe_x, known.probe_y, waist, levels=[0.5 * waist.max()], colors="red", linewidths=0.8)
    label(truth, "x / um", "y / um")
    show(frame, take(beamline, sample_x=0.0, sample_y=0.4) + 1, "counts + 1", log=True)


def _wafer(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    scene = beamline.scene
    colours = scene.truth().fraction.transpose("sample_y", "sample_x", "phase")
    truth.imshow(colours, origin="lower", extent=(-40, 40, -40, 40))
    label(truth, "sample_x / mm", "sample_y / mm", "fractions of three phases, as colours")
    x, y = scene.corners[0]
    show(frame, take(beamline, sample_x=x, sample_y=y), "pattern of one phase", vmax=60)


def _multimodal(beamline: Beamline, truth: Axes, frame: Axes) -> None:
    maps = beamline.scene.truth()
    show(truth, maps.crystalline_iron, "crystalline iron in ug/cm²", extent=(-50, 50, -50, 50))
    truth.contour(maps.sample_x, maps.sample_y, maps.iron, levels=[0.1], colors="w", linewidths=0.8)
    label(truth, "sample_x / um", "sample_y / um")
    cell = beamline.scene.fluorescence.cells[0]
    show(frame, take(beamline, readout=1, sample_x=cell.x, sample_y=cell.y), "pattern of a cell", vmax=60)


DRAWINGS: dict[str, Drawing] = {
    "xanes": _xanes,
    "saxs": _saxs,
    "xpcs": _xpcs,
    "tomography": _tomography,
    "ptychography": _ptychography,
    "kb": _kb,
    "mirrors": _mirrors,
    "multimodal": _multimodal,
    "transition": _transition,
    "wafer": _wafer,
    "xrf": _xrf,
}
"""By the Scene's registered name."""
