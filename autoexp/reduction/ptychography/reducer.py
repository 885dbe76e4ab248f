"""The reducer: patterns in, a complex image of the sample with its error and resolution out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.frames import lift
from autoexp.reduction.ptychography.engine import Engine, Estimate
from autoexp.reduction.ptychography.optics import ObjectGrid
from autoexp.reduction.ptychography.reading import Reader
from autoexp.reduction.ptychography.scan import Pattern, Scan, amplitudes_of, key_of
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced


@dataclass(frozen=True, slots=True, eq=False)
class Ptychography:
    """Object and probe by ePIE or rPIE from all patterns kept, anew at each reading.

    Patterns are kept as they come and iterated only when read, in an order drawn from their positions: what is read
    depends neither on batches nor on who saw which frame, and states merge. `RunningPtychography` goes on iterating.

    Parameters
    ----------
    grid
        Optics, and where positions may be.
    coordinates
        Names in `FrameMeta.coordinates` of the position in um along x and along y: the place on the sample that is in
        the middle of the probe.
    defocus
        From the focus to the sample in m, for a first probe from the mean pattern.
    probe
        First probe, complex, shape of the detector, in place of that.
    engine
        How object and probe are improved.
    epochs
        Sweeps over all patterns in a reading.
    halves
        Whether two halves of the patterns are reconstructed too, for the resolution and for sigmas of the images; it
        takes twice the time.
    maps
        Whether the images are read, and not the numbers alone.
    subsample
        Whether positions count to a share of a sample, and not to the nearest; it takes two more transforms per
        pattern.
    capacity
        Patterns kept at most; of more, a sample at random by position.

    Raises
    ------
    ReductionError
        If the probe is not of the detector's shape, or there is nothing to iterate.
    """

    grid: ObjectGrid
    coordinates: tuple[str, str] = ("x", "y")
    defocus: float = 0.0
    probe: Tensor | None = None
    engine: Engine = field(default_factory=Engine)
    epochs: int = 20
    halves: bool = False
    maps: bool = True
    subsample: bool = False
    capacity: int = 1024

    def __post_init__(self) -> None:
        shape = self.grid.optics.shape
        if self.probe is not None and tuple(self.probe.shape) != shape:
            raise ReductionError(f"probe must be {shape} as the detector is, got {tuple(self.probe.shape)}")
        for name in ("epochs", "capacity"):
            if getattr(self, name) < 1:
                raise ReductionError(f"{name} must be one or more, got {getattr(self, name)}")

    def init(self, spec: FrameSpec) -> Scan:
        """Return the state before any frame."""
        return Scan(self.capacity, spec.device)

    def update(self, state: Scan, frames: Tensor | Frames, meta: FrameMeta) -> Scan:
        """Keep a batch of patterns, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If they are not of the detector's shape, or a position is missing or off the grid.
        """
        lifted = lift(frames, state.device)
        return state.add(self.patterns(lifted, meta), lifted.valid is not None)

    def patterns(self, frames: Frames, meta: FrameMeta) -> Sequence[Pattern]:
        """Return each frame with its place."""
        n, *shape = frames.values.shape
        if tuple(shape) != self.grid.optics.shape:
            raise ReductionError(f"frames must be {self.grid.optics.shape} as the detector is, got {tuple(shape)}")
        x, y = (self._positions(meta, name, n) for name in self.coordinates)
        amplitudes = amplitudes_of(frames)
        return [self._pattern(*each) for each in zip(x, y, amplitudes, strict=True)]

    def _pattern(self, x: float, y: float, amplitude: Tensor) -> Pattern:
        corner, offset = self.grid.place(x, y)
        kept = offset if self.subsample else (0.0, 0.0)
        return Pattern(key_of(x, y, self.engine.seed), corner, kept, amplitude.clone())

    def _positions(self, meta: FrameMeta, name: str, n: int) -> list[float]:
        if name not in meta.coordinates:
            known = ", ".join(meta.coordinates) or "none"
            raise ReductionError(f"the coordinate {name!r} must come with the frames, got {known}")
        values: list[float] = meta.coordinates[name].double().reshape(-1).tolist()
        if len(values) != n:
            raise ReductionError(f"{name!r} must have one value per frame, got {len(values)} for {n}")
        return values

    def merge(self, a: Scan, b: Scan) -> Scan:
        """Join what two workers saw."""
        return a.merge(b)

    def read(self, state: Scan) -> Mapping[str, Reduced]:
        """Return images and numbers; see `Reader`."""
        if not state.patterns:
            return self.reader.empty()
        return self.reader.read(state, self.improved(self.begin(state), state.patterns, range(self.epochs)))

    def begin(self, scan: Scan) -> tuple[Estimate, ...]:
        """Return a transparent object, and a first probe with the photons of a frame; once more for each half."""
        mean = scan.mean()
        probe = self.grid.optics.defocused(mean, self.defocus) if self.probe is None else self.probe.to(mean.device)
        power = mean.square().sum() / probe.abs().square().sum().clamp(min=1e-30)
        ones = torch.ones(self.grid.shape, dtype=torch.complex64, device=mean.device)
        return (Estimate(ones, (probe * power.sqrt()).to(torch.complex64)),) * (3 if self.halves else 1)

    def improved(
        self, estimates: Sequence[Estimate], patterns: Sequence[Pattern], epochs: range
    ) -> tuple[Estimate, ...]:
        """Return estimates after sweeps: the first by all patterns, the others by one half each."""
        halves = [[each for each in patterns if each.half == half] for half in (0, 1)]
        found = []
        for estimate, part in zip(estimates, (patterns, *halves), strict=False):
            corners, amplitudes = [each.corner for each in part], [each.amplitude for each in part]
            offsets = [each.offset for each in part] if self.subsample else None
            for epoch in epochs:
                estimate = self.engine.sweep(estimate, corners, amplitudes, epoch, offsets)
            found.append(estimate)
        return tuple(found)

    @property
    def reader(self) -> Reader:
        """What makes values of estimates."""
        return Reader(self.grid, self.halves, self.maps)

    def warmup(self, spec: FrameSpec) -> None:
        """Transform and allocate before beam."""
        middle = {
            name: torch.tensor([0.5 * sum(span)])
            for name, span in zip(self.coordinates, (self.grid.x, self.grid.y), strict=True)
        }
        dark = torch.zeros((1, *self.grid.optics.shape), dtype=torch.int32)
        scan = self.update(self.init(spec), dark, FrameMeta(coordinates=middle))
        self.reader.read(scan, self.improved(self.begin(scan), scan.patterns, range(1)))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        grid = {"x": list(self.grid.x), "y": list(self.grid.y), "margin": self.grid.margin}
        names = ("defocus", "epochs", "halves", "maps", "subsample", "capacity")
        return {
            "optics": dict(self.grid.optics.settings()),
            "grid": grid,
            "coordinates": list(self.coordinates),
            "probe": "from the mean pattern" if self.probe is None else "given",
            "engine": dict(self.engine.settings()),
        } | {name: getattr(self, name) for name in names}
