"""A spectrum from two chambers, energy by energy, and what it says."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError, listed
from autoexp.flags import Flags
from autoexp.reduction.frames import lift
from autoexp.reduction.gridded import GridSums, positions
from autoexp.reduction.records import Axis, FloatArray, FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.xanes.features import Feature, half_step, inflection, white_line
from autoexp.reduction.xanes.normalisation import Normalised, Windows, normalise, steepest
from autoexp.reduction.xanes.references import References, decompose

Mode = Literal["transmission", "fluorescence"]

_FEWEST = 8
"""Points below which nothing is said of a spectrum."""


@dataclass(frozen=True, slots=True)
class Xanes:
    """Absorption spectrum near an edge, normalised, with its edge, its white line and its species.

    A frame is one row of chambers at one energy, which stands in ``FrameMeta.coordinates["energy"]``, in eV. Energies
    may come in any order, again and again; what is read is of all that was counted so far.

    Parameters
    ----------
    energies
        Grid in eV, ascending, eight points or more. A reading belongs to the nearest point; whatever is computed from
        the spectrum uses the mean energy of each point's readings.
    e0
        Energy of the edge in eV, from which windows count; None for that of steepest rise.
    windows
        Where the spectrum is smooth.
    references
        Species that the sample may hold.
    incident, transmitted
        Columns of the chambers before and after the sample; in fluorescence the second is the fluorescence detector.
    mode
        ``"transmission"``: ``mu = ln(I0 / It)``; ``"fluorescence"``: ``mu = If / I0``.
    line
        Where the white line may be, in eV from E0.
    smooth
        In eV: the polynomials at the edge and at the top of the white line go through all points within it, five at
        least. The wider, the smaller the sigmas, and the larger what curvature does to the values.

    Raises
    ------
    ReductionError
        If the grid does not ascend or is too short, the columns are one, there is no such `mode`, or `smooth` is not
        positive.
    """

    energies: tuple[float, ...]
    e0: float | None = None
    windows: Windows = field(default_factory=Windows)
    references: References | None = None
    incident: int = 0
    transmitted: int = 1
    mode: Mode = "transmission"
    line: tuple[float, float] = (0.0, 30.0)
    smooth: float = 1.0

    def __post_init__(self) -> None:
        if len(self.energies) < _FEWEST or not (np.diff(self.energies) > 0).all():
            raise ReductionError(
                f"energies must ascend and be {_FEWEST} or more, got {len(self.energies)} from {self.energies[:1]}"
            )
        if min(self.incident, self.transmitted) < 0 or self.incident == self.transmitted:
            raise ReductionError(
                f"incident and transmitted must be two columns, got {self.incident} and {self.transmitted}"
            )
        if self.mode not in get_args(Mode):
            raise ReductionError(f"mode must be one of {listed(get_args(Mode))}, got {self.mode!r}")
        if not self.smooth > 0:
            raise ReductionError(f"smooth must be positive, got {self.smooth} eV")

    def init(self, spec: FrameSpec) -> GridSums:
        """Return the sums of no frames."""
        return GridSums.empty(self.energies, 2, spec.device)

    def update(self, state: GridSums, frames: Tensor | Frames, meta: FrameMeta) -> GridSums:
        """Add a batch, shape ``(n, 1, chambers)``, with its energies.

        Raises
        ------
        ReductionError
            If a frame has more than one row or no such columns, or no energy is known for each.
        """
        lifted, columns = lift(frames, state.counts.device), [self.incident, self.transmitted]
        n, rows, width = lifted.values.shape
        if rows != 1 or width <= max(columns):
            raise ReductionError(
                f"frames must be one row with columns {columns[0]} and {columns[1]}, got shape {(rows, width)}"
            )
        if n == 0:
            return state
        usable = None if lifted.valid is None else lifted.valid.expand_as(lifted.values)
        valid = None if usable is None else usable[:, 0, columns[0]] & usable[:, 0, columns[1]]
        values, variances = (
            torch.stack([each[:, 0, column] for column in columns], 1) for each in (lifted.values, lifted.variances)
        )
        return state.add(values, variances, valid, positions(meta, "energy", n))

    def merge(self, a: GridSums, b: GridSums) -> GridSums:
        """Join what two workers saw."""
        return a.merge(b)

    def warmup(self, spec: FrameSpec) -> None:
        """Reduce one dark frame for each energy, and forget them."""
        dark = torch.ones((len(self.energies), 1, max(self.incident, self.transmitted) + 1))
        self.read(self.update(self.init(spec), dark, FrameMeta(coordinates={"energy": torch.tensor(self.energies)})))

    def read(self, state: GridSums) -> Mapping[str, Reduced]:
        """Return the spectra ``mu`` and ``spectrum``, and the numbers of the latter."""
        measured = _Measured.of(state, np.array(self.energies, dtype=np.float64), self.mode)
        mu = measured.reduced(measured.mu, measured.variance.sqrt())
        spectra = self._normalised(measured)
        if spectra is None:
            nothing = measured.reduced(torch.full_like(measured.mu, math.nan), torch.full_like(measured.mu, math.nan))
            return {"mu": mu, "spectrum": nothing} | dict(self._unknown(measured))
        found = {"mu": mu, "spectrum": measured.reduced(spectra.norm[0], spectra.sigma()[0])}
        return found | dict(self._numbers(spectra, measured)) | dict(self._fractions(spectra, measured))

    def _normalised(self, measured: "_Measured") -> Normalised | None:
        energy, mu = measured.energy, measured.mu[None]
        if len(energy) < _FEWEST:
            return None
        known = torch.tensor([[math.nan if self.e0 is None else self.e0]], dtype=energy.dtype)
        e0 = steepest(energy, mu, self.smooth) if self.e0 is None else known
        spectra = normalise(energy, mu, measured.variance[None], e0, self.windows)
        return spectra if bool(torch.isfinite(spectra.norm).all()) else None

    def _numbers(self, spectra: Normalised, measured: "_Measured") -> Iterator[tuple[str, Reduced]]:
        yield "edge_step", measured.number(spectra.step[0, 0], spectra.step_sigma()[0], "")
        yield "edge", measured.feature(half_step(spectra), "eV")
        yield "inflection", measured.feature(inflection(spectra, self.smooth), "eV")
        height, energy = white_line(spectra, self.line, self.smooth)
        yield "white_line", measured.feature(height, "")
        yield "white_line_energy", measured.feature(energy, "eV")

    def _fractions(self, spectra: Normalised, measured: "_Measured") -> Iterator[tuple[str, Reduced]]:
        if self.references is None:
            return
        mixture = decompose(spectra, self.references)
        columns = zip(self.references.names, mixture.fractions[0], mixture.sigma[0], mixture.clear[0], strict=True)
        for name, *column in columns:
            yield f"fraction_{name}", measured.feature(Feature(*(each[None] for each in column)), "")
        yield "misfit", measured.number(mixture.misfit[0], (2.0 / mixture.freedom[0]).sqrt(), "")

    def _unknown(self, measured: "_Measured") -> Iterator[tuple[str, Reduced]]:
        nothing, flags = torch.tensor(math.nan), Flags.UNRESOLVED if measured.n_frames else Flags.NONE
        for name in ("edge_step", "edge", "inflection", "white_line", "white_line_energy"):
            yield name, measured.number(nothing, nothing, "" if name in ("edge_step", "white_line") else "eV", flags)
        for name in () if self.references is None else self.references.names:
            yield f"fraction_{name}", measured.number(nothing, nothing, "", flags)
        if self.references is not None:
            yield "misfit", measured.number(nothing, nothing, "", flags)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        windows = {name: getattr(self.windows, name) for name in ("pre1", "pre2", "norm1", "norm2", "nnorm")}
        names = ("e0", "incident", "transmitted", "mode", "smooth")
        known = None if self.references is None else self.references.settings()
        settings = {"energies": list(self.energies), "windows": windows, "references": known, "line": list(self.line)}
        return settings | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """The part of the grid that was measured: shape ``(points,)`` each but `grid` and `known`."""

    grid: FloatArray
    known: Tensor
    energy: Tensor
    mu: Tensor
    variance: Tensor
    n_frames: int
    flags: Flags

    @classmethod
    def of(cls, state: GridSums, grid: FloatArray, mode: str) -> "_Measured":
        state = state.cpu()
        known = (state.seen > 0) & (state.counts > 0).all(1)
        counts, variances = state.counts[known], state.variances[known]
        relative = (variances / counts**2).sum(1)
        if mode == "transmission":
            mu = torch.log(counts[:, 0] / counts[:, 1])
        else:
            mu = counts[:, 1] / counts[:, 0]
            relative = relative * mu**2
        flags = Flags.NO_FRAMES if state.n_frames == 0 else Flags.NONE
        flags |= Flags.MASKED if state.left_out[1] > 0 else Flags.NONE
        flags |= Flags.INCOMPLETE if state.left_out[0] > 0 or not bool(known.all()) else Flags.NONE
        flags |= Flags.NO_SIGNAL if bool(((state.seen > 0) & ~known).any()) else Flags.NONE
        return cls(grid, known, state.mean_positions()[known], mu, relative, state.n_frames, flags)

    def reduced(self, value: Tensor, sigma: Tensor) -> Reduced:
        """Return a spectrum on the whole grid; NaN where nothing was measured."""
        spread = torch.full((2, len(self.known)), math.nan, dtype=torch.float64)
        spread[:, self.known] = torch.stack([value, sigma])
        axes = {"energy": Axis(self.grid, "eV")}
        values, sigmas = spread.numpy()
        return Reduced(values, sigmas, "", ("energy",), axes, self.n_frames, self.flags)

    def number(self, value: Tensor, sigma: Tensor, unit: str, flags: Flags = Flags.NONE) -> Reduced:
        """Return a number of the spectrum."""
        return number(float(value), float(sigma), unit, self.n_frames, self.flags | flags)

    def feature(self, found: Feature, unit: str) -> Reduced:
        """Return a number of the spectrum that it may not show."""
        flags = Flags.NONE if bool(found.clear[0]) else Flags.UNRESOLVED
        return self.number(found.value[0], found.sigma[0], unit, flags)
