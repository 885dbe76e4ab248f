"""Size of a beam by a blade that is moved into it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.frames import lift
from autoexp.reduction.gridded import GridSums, positions
from autoexp.reduction.least_squares import Fitted, fit
from autoexp.reduction.records import Axis, FrameMeta, Frames, FrameSpec, Reduced, number

_FEWEST = 6
_VISIBLE = 3.0
_FWHM = math.sqrt(8.0 * math.log(2.0))
_NUMBERS = ("center", "width", "power", "background", "misfit")


@dataclass(frozen=True, slots=True, eq=False)
class KnifeEdgeState:
    """Sums at each position of the blade, and the shape of the frames.

    Parameters
    ----------
    sums
        Of the counts in the first column, of the marks of masked pixels in the second.
    shape
        Rows and columns.
    """

    sums: GridSums
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class KnifeEdge:
    """Centre and width of a Gaussian beam, by what passes a blade.

    The sum of a frame's valid pixels is the intensity behind the blade where it stands, which is known as a coordinate
    of `FrameMeta`. Through all of them goes, by weighted least squares, ``background + power (1 ± erf(z)) / 2`` with
    ``z = (x - center) / (sqrt(2) sigma)`` (J. A. Arnaud et al., Appl. Opt. 10, 2775 (1971)); the width is
    ``2 sqrt(2 ln 2) sigma``, at half maximum.

    Sums compare only over the same pixels: a mask that is the same in all frames is part of the detector, and positions
    where a frame was masked otherwise than most are left out.

    Parameters
    ----------
    blade
        Positions, a grid that ascends, of seven points or more. A reading belongs to the nearest one; the fit uses
        the mean position of each point's readings.
    coordinate
        Name of the blade's position among the coordinates.
    unit
        Of the blade's position.

    Raises
    ------
    ReductionError
        If the grid does not ascend or is too short.
    """

    blade: tuple[float, ...]
    coordinate: str = "blade"
    unit: str = "mm"

    def __post_init__(self) -> None:
        if len(self.blade) <= _FEWEST or not (np.diff(self.blade) > 0).all():
            raise ReductionError(
                f"positions must ascend and be more than {_FEWEST}, got {len(self.blade)} from {self.blade[:1]}"
            )

    def init(self, spec: FrameSpec) -> KnifeEdgeState:
        """Return the sums of no frames."""
        return KnifeEdgeState(GridSums.empty(self.blade, 2, spec.device), spec.shape)

    def update(self, state: KnifeEdgeState, frames: Tensor | Frames, meta: FrameMeta) -> KnifeEdgeState:
        """Add a batch, shape ``(n, y, x)``, with its positions.

        Raises
        ------
        ReductionError
            If the frames have another shape, or no position is known for each.
        """
        lifted = lift(frames, state.sums.counts.device)
        n, *shape = lifted.values.shape
        if tuple(shape) != state.shape:
            raise ReductionError(f"frames must be {state.shape} as the state is, got {tuple(shape)}")
        if n == 0:
            return state
        at = positions(meta, self.coordinate, n)
        return KnifeEdgeState(state.sums.add(*_summed(lifted), at), state.shape)

    def merge(self, a: KnifeEdgeState, b: KnifeEdgeState) -> KnifeEdgeState:
        """Join what two workers saw."""
        return KnifeEdgeState(a.sums.merge(b.sums), a.shape)

    def warmup(self, spec: FrameSpec) -> None:
        """Reduce one frame for each position, and forget them."""
        frames, at = torch.ones((len(self.blade), *spec.shape)), torch.tensor(self.blade)
        self.read(self.update(self.init(spec), frames, FrameMeta(coordinates={self.coordinate: at})))

    def read(self, state: KnifeEdgeState) -> Mapping[str, Reduced]:
        """Return ``center``, ``width``, ``power``, ``background``, ``misfit`` and the curve ``intensity``."""
        sums = state.sums.cpu()
        known = _alike(sums)
        seen = torch.where(known, sums.seen, math.nan)
        intensity, variance = sums.counts[:, 0] / seen, sums.variances[:, 0] / seen**2
        flags = _flags(sums, known)
        axes = {self.coordinate: Axis(np.array(self.blade, dtype=np.float64), self.unit)}
        curve = (intensity.numpy(), variance.sqrt().numpy())
        found = dict(self._numbers(sums.mean_positions()[known], intensity[known], variance[known], sums, flags))
        return found | {"intensity": Reduced(*curve, "count", (self.coordinate,), axes, sums.n_frames, flags)}

    def _numbers(
        self, x: Tensor, y: Tensor, variance: Tensor, sums: GridSums, flags: Flags
    ) -> Iterator[tuple[str, Reduced]]:
        units = dict(zip(_NUMBERS, (self.unit, self.unit, "count", "count", ""), strict=True))
        if len(x) <= _FEWEST:
            yield from ((name, number(math.nan, math.nan, units[name], sums.n_frames, flags)) for name in _NUMBERS)
            return
        values, sigmas, visible, converged = fit_edge(x, y, variance)
        flags |= Flags.NONE if visible else Flags.UNRESOLVED
        flags |= Flags.NOT_CONVERGED if visible and not converged else Flags.NONE
        for name, value, sigma in zip(_NUMBERS, values, sigmas, strict=True):
            shown = visible or name not in ("center", "width")
            known = (value, sigma) if shown else (math.nan, math.nan)
            yield name, number(*known, units[name], sums.n_frames, flags)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"blade": list(self.blade), "coordinate": self.coordinate, "unit": self.unit}


def _summed(frames: Frames) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return sums of each frame's valid pixels and of the marks of the others, their variances, and if any is valid.

    Returns
    -------
        Shape ``(n, 2)`` twice, and ``(n,)`` or None for every frame.
    """
    values, variances = frames.values.double(), frames.variances.double()
    marks, valid = values.new_zeros(()), None
    if frames.valid is not None:
        usable = frames.valid.expand_as(values)
        values, variances = (torch.where(usable, each, 0.0) for each in (values, variances))
        marks = torch.where(frames.valid, 0.0, _marks(tuple(values.shape[1:]), str(values.device))).sum((-2, -1))
        valid = usable.any(2).any(1)
    total, spread = (each.sum((1, 2)) for each in (values, variances))
    return torch.stack([total, marks.expand_as(total)], 1), torch.stack([spread, torch.zeros_like(spread)], 1), valid


@lru_cache(maxsize=4)
def _marks(shape: tuple[int, ...], device: str) -> Tensor:
    """Return a whole number at random for each pixel: their sum over the masked ones tells masks apart, exactly."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 2**16, shape, generator=generator).to(device, torch.float64)


def _alike(sums: GridSums) -> Tensor:
    """Return at which positions frames were masked as they were at most, boolean, shape ``(points,)``."""
    kinds, kind = torch.unique(sums.counts[:, 1] / sums.seen.clamp(min=1.0), return_inverse=True)
    usual = torch.zeros_like(kinds).index_add_(0, kind, sums.seen).argmax()
    alike: Tensor = (sums.seen > 0) & (kind == usual)
    return alike


def fit_edge(x: Tensor, y: Tensor, variance: Tensor) -> tuple[tuple[float, ...], tuple[float, ...], bool, bool]:
    """Return the error function that is nearest to a curve.

    Parameters
    ----------
    x, y, variance
        Ascending positions, intensities and their variances, shape ``(points,)`` each; a variance of zero counts as the
        smallest other one.

    Returns
    -------
        Centre, full width at half maximum, power, background and misfit (squared deviations over variances, per degree
        of freedom); their sigmas; whether there is an edge within the positions; whether the fit came to an end.
    """
    middle, half = float(x[0] + x[-1]) / 2.0, float(x[-1] - x[0]) / 2.0
    scale = max(float(y.abs().max()), 1e-300)
    least = variance[variance > 0].min() if bool((variance > 0).any()) else torch.tensor(1.0, dtype=y.dtype)
    at, curve = ((x - middle) / half)[None], (y / scale)[None]
    rising = float(y[-(len(y) // 4) :].mean()) >= float(y[: len(y) // 4].mean())
    step = float(at.diff().min())
    bounds = torch.tensor([[-1.0, 1.0], [math.log(step / 10.0), math.log(2.0)], [0.0, 1e3], [-1e3, 1e3]])
    low, high = (bounds[:, column].to(y.dtype)[None] for column in (0, 1))
    sign = 1.0 if rising else -1.0
    start = torch.minimum(torch.maximum(_start(at, curve, sign), low), high)
    weights = scale**2 / torch.maximum(variance, least)[None]
    found = fit(lambda grid, values: _edge(grid, values, sign), start, (low, high), at, curve, weights)
    return _told(found, (low, high), middle, half, scale)


def _edge(x: Tensor, parameters: Tensor, sign: float) -> tuple[Tensor, Tensor]:
    """Return ``background + power Phi(z)``, and its derivatives in centre, log sigma, power and background."""
    center, width, power, background = (each[:, None] for each in parameters.unbind(1))
    narrow = torch.exp(-width)
    z = sign * (x - center) * narrow
    passed = torch.special.ndtr(z)
    bell = power * torch.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    slopes = [-sign * narrow * bell, -z * bell, passed, torch.ones_like(passed)]
    return background + power * passed, torch.stack(slopes, 1)


def _start(x: Tensor, y: Tensor, sign: float) -> Tensor:
    """Guess by where the curve passes 16, 50 and 84 % of its rise."""
    low, high = y.min(), y.max()
    share = (y - low) / (high - low).clamp(min=1e-12)
    first, middle, last = (float(x[0, int((share - level).abs().argmin())]) for level in (0.16, 0.5, 0.84))
    sigma = max(abs(last - first) / 2.0, float(x.diff().min()) / 2.0)
    return torch.tensor([[middle, math.log(sigma), float(high - low), float(low)]], dtype=y.dtype)


def _told(
    found: Fitted, bounds: tuple[Tensor, Tensor], middle: float, half: float, scale: float
) -> tuple[tuple[float, ...], tuple[float, ...], bool, bool]:
    center, width, power, background = found.parameters[0].tolist()
    spread = found.covariance[0].diagonal().clamp(min=0.0).sqrt().tolist()
    full = math.exp(width) * half * _FWHM
    misfit = float(found.chi_square[0]) / max(int(found.freedom[0]), 1)
    values = (middle + half * center, full, power * scale, background * scale, misfit)
    sigmas = (half * spread[0], full * spread[1], scale * spread[2], scale * spread[3], math.nan)
    within = ((found.parameters > bounds[0]) & (found.parameters < bounds[1]))[0, :2].all()
    return values, sigmas, bool(within) and power > _VISIBLE * spread[2], bool(found.converged[0])


def _flags(sums: GridSums, known: Tensor) -> Flags:
    flags = Flags.NO_FRAMES if sums.n_frames == 0 else Flags.NONE
    differs = bool(((sums.seen > 0) & ~known).any())
    flags |= Flags.MASKED if differs or sums.left_out[1] > 0 else Flags.NONE
    return flags | (Flags.INCOMPLETE if sums.left_out[0] > 0 or not bool(known.all()) else Flags.NONE)
