"""Fluorescence spectra: sums over regions of interest, and fits by known line shapes.

A frame is one spectrum per row: rows are detector elements, columns are channels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.counts import add_counts
from autoexp.reduction.nonnegative import nonnegative_least_squares
from autoexp.reduction.records import FloatArray, FrameMeta, Frames, FrameSpec, Reduced, number, numbers
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.snip import snip
from autoexp.reduction.sums import FrameSum


@dataclass(frozen=True, slots=True)
class Region:
    """Channels that belong to a line.

    Parameters
    ----------
    name
        Of the field.
    low, high
        First channel, and one past the last.

    Raises
    ------
    ReductionError
        If it holds no channel.
    """

    name: str
    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ReductionError(f"low must be below high, got low={self.low}, high={self.high} for {self.name!r}")


def _part(frames: Tensor | Frames, channels: slice) -> Tensor | Frames:
    """Return some channels of frames."""
    if isinstance(frames, Tensor):
        return frames[..., channels]
    variance, valid = (None if each is None else each[..., channels] for each in (frames.variance, frames.valid))
    return Frames(frames.values[..., channels], variance, valid)


def _check_names(names: tuple[str, ...]) -> None:
    if not names or len(set(names)) < len(names):
        raise ReductionError(f"each field needs a name of its own, got {names!r}")


@dataclass(frozen=True, slots=True, eq=False)
class RegionState:
    """Sums of the channels of each element from the first region to the last, and the shape of the frames."""

    sums: FrameSum
    shape: tuple[int, int]


@dataclass(frozen=True)
class RegionSums:
    """Counts of each region in the mean frame, over all detector elements, with Poisson sigma.

    Each channel of an element is divided by the frames in which it was valid, and left out where it never was; a region
    without any is NaN.

    Parameters
    ----------
    regions
        What to sum.

    Raises
    ------
    ReductionError
        If there is none, or two have one name.
    """

    regions: tuple[Region, ...]

    def __post_init__(self) -> None:
        _check_names(self._names)

    def init(self, spec: FrameSpec) -> RegionState:
        """Return the sums of no frames."""
        low, high = self._span
        width = max(0, min(high, spec.shape[1]) - low)
        return RegionState(FrameSum.empty(replace(spec, shape=(spec.shape[0], width))), spec.shape)

    def update(self, state: RegionState, frames: Tensor | Frames, meta: FrameMeta) -> RegionState:
        """Add a batch, shape ``(n, elements, channels)``.

        Raises
        ------
        ReductionError
            If the frames have other elements or channels than the state.
        """
        shape = tuple((frames if isinstance(frames, Tensor) else frames.values).shape[1:])
        if shape != state.shape:
            raise ReductionError(f"frames must be {state.shape} as the state is, got {shape}")
        summed = FrameSum.of(_part(frames, slice(*self._span)), state.sums.values.device)
        return RegionState(state.sums.merge(summed), state.shape)

    def merge(self, a: RegionState, b: RegionState) -> RegionState:
        """Join what two workers saw."""
        return RegionState(a.sums.merge(b.sums), a.shape)

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def read(self, state: RegionState) -> Mapping[str, Reduced]:
        """Return one field per region."""
        n = state.sums.n_frames
        if n == 0:
            return {region.name: number(math.nan, math.nan, "count", 0, Flags.NO_FRAMES) for region in self.regions}
        values, sigmas = self._means(state.sums)
        return numbers(self._names, values, sigmas, "count", n, self._flags(state.sums))

    def _means(self, sums: FrameSum) -> tuple[FloatArray, FloatArray]:
        """Return the counts of each region per frame, and their sigmas."""
        n = sums.n_frames
        if sums.missing is None:
            counted = self._sums(sums.values)
            variances = counted if sums.bound < math.inf else self._sums(sums.variances)
            return counted / n, np.sqrt(variances) / n
        seen = n - sums.missing
        often = seen.clamp(min=1)
        found = self._sums(sums.total / often), np.sqrt(self._sums(sums.variances / often**2))
        known = self._sums(seen > 0) > 0
        return np.where(known, found[0], math.nan), np.where(known, found[1], math.nan)

    def _flags(self, sums: FrameSum) -> Sequence[Flags]:
        low, high = self._span
        last = low + sums.shape[1]
        if sums.missing is None and high <= last:
            return (Flags.NONE,) * len(self.regions)
        incomplete = [Flags.INCOMPLETE if region.high > last else Flags.NONE for region in self.regions]
        if sums.missing is None:
            return incomplete
        masked = self._sums(sums.missing) > 0
        return [flags | Flags.MASKED if bad else flags for flags, bad in zip(incomplete, masked, strict=True)]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(region.name for region in self.regions)

    @cached_property
    def _span(self) -> tuple[int, int]:
        """First channel of any region, and one past the last."""
        return min(region.low for region in self.regions), max(region.high for region in self.regions)

    @cached_property
    def _ends(self) -> NDArray[np.intp]:
        """First channel of each region and one past its last, in turn, counted from the first of all."""
        return np.array([(region.low, region.high) for region in self.regions]).reshape(-1) - self._span[0]

    def _sums(self, rows: Tensor) -> FloatArray:
        """Sum each region of the channels from the first region on, shape ``(elements, channels)``."""
        values = np.zeros(rows.shape[1] + 1)
        values[:-1] = _over_elements(rows.cpu().numpy())
        low, high = self._span
        ends = self._ends if len(values) > high - low else np.minimum(self._ends, len(values) - 1)
        # sums from each end to the next: every second one is that of a region
        return np.add.reduceat(values, ends)[::2]

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {region.name: [region.low, region.high] for region in self.regions}


def _over_elements(rows: NDArray[Any]) -> NDArray[Any]:
    if len(rows) > 1 and rows.size and rows.dtype.kind == "i":
        return add_counts(rows, int(rows.max()))
    return np.asarray(rows[0] if len(rows) == 1 else rows.sum(0))


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumFit:
    """Amount of each component in the mean spectrum, all elements added: linear, not negative.

    The sigma of an amount is that of the least-squares estimate, with the covariance of the counts
    carried through ``(A^T A)^-1 A^T``, over the components that are not held at zero; one that is
    held has the sigma that it would have if none were.

    Parameters
    ----------
    components
        Spectrum of one unit of each component, shape ``(channels, k)``, linearly independent.
    names
        Of the ``k`` fields.
    unit
        Of the amounts.
    background
        Half width in channels of the widest line, to subtract a SNIP background; None for no
        background. It passes over channels without a valid count on a straight line between their
        neighbours. Its own uncertainty is not in the sigmas.

    Raises
    ------
    ReductionError
        If names and components do not match, or a component depends on the others.
    """

    components: Tensor
    names: tuple[str, ...]
    unit: str = "count"
    background: int | None = None

    def __post_init__(self) -> None:
        _check_names(self.names)
        if self.components.ndim != 2 or self.components.shape[1] != len(self.names):
            raise ReductionError(
                f"components must be (channels, {len(self.names)}), got shape {tuple(self.components.shape)}"
            )
        if _rank(self.components) < len(self.names):
            raise ReductionError(f"components must be linearly independent, got {self.names!r}")

    def init(self, spec: FrameSpec) -> FrameSum:
        """Return the sum of no frames."""
        return FrameSum.empty(spec)

    def update(self, state: FrameSum, frames: Tensor | Frames, meta: FrameMeta) -> FrameSum:
        """Add a batch, shape ``(n, elements, channels)``.

        Raises
        ------
        ReductionError
            If there are other channels than in the components.
        """
        if state.shape[1] != len(self.components):
            raise ReductionError(f"spectra must have {len(self.components)} channels, got {state.shape[1]}")
        return state.add(frames)

    def merge(self, a: FrameSum, b: FrameSum) -> FrameSum:
        """Join what two workers saw."""
        return a.merge(b)

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def read(self, state: FrameSum) -> Mapping[str, Reduced]:
        """Return one field per component; channels without a valid count do not enter.

        Amounts that the other channels cannot tell apart are NaN and flagged as unresolved.
        """
        n = state.n_frames
        if n == 0:
            return self._nothing(0, Flags.NO_FRAMES)
        seen = state.seen if isinstance(state.seen, Tensor) else torch.full_like(state.total, n)
        valid = (seen > 0).all(0)
        if state.missing is not None and _rank(self.components[valid.to(self.components.device)]) < len(self.names):
            return self._nothing(n, Flags.MASKED | Flags.UNRESOLVED)
        frames = seen.clamp(min=1)
        spectrum, variance = (state.total / frames).sum(0), (state.variances / frames**2).sum(0)
        amounts, sigmas = self.fit(spectrum[None], variance[None], valid)
        flags = Flags.NONE if state.missing is None else Flags.MASKED
        return {
            name: number(float(amount), float(sigma), self.unit, n, flags)
            for name, amount, sigma in zip(self.names, amounts[0], sigmas[0], strict=True)
        }

    def _nothing(self, n_frames: int, flags: Flags) -> Mapping[str, Reduced]:
        return {name: number(math.nan, math.nan, self.unit, n_frames, flags) for name in self.names}

    def fit(self, spectra: Tensor, variances: Tensor, valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return amounts and their sigmas of many spectra at once, as for a map.

        Parameters
        ----------
        spectra, variances
            Counts and their variances, shape ``(n, channels)``.
        valid
            Which channels to use, boolean, shape ``(channels,)``; None for all.

        Returns
        -------
            Shape ``(n, k)`` each.
        """
        model = _without_dust(self.components.to(spectra.device, torch.float64))
        counts = spectra.double()
        if self.background is not None:
            counts = counts - snip(counts if valid is None else _bridged(counts, valid), self.background)
        if valid is not None:
            model = model * valid[:, None]
        gram = model.T @ model
        amounts = nonnegative_least_squares(gram, counts @ model)
        return amounts, _sigmas(model, gram, variances.double(), amounts > 0)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        channels = len(self.components)
        return {"names": list(self.names), "channels": channels, "unit": self.unit, "background": self.background}


def _rank(components: Tensor) -> int:
    return int(torch.linalg.matrix_rank(components.double())) if len(components) else 0


def _bridged(spectra: Tensor, valid: Tensor) -> Tensor:
    """Return spectra, shape ``(n, channels)``, linear between valid neighbours and constant beyond the last of them."""
    known = valid.nonzero().squeeze(1)
    if len(known) == 0:
        return spectra
    channel = torch.arange(len(valid), device=valid.device)
    left = (torch.searchsorted(known, channel, right=True) - 1).clamp(min=0)
    right = torch.searchsorted(known, channel).clamp(max=len(known) - 1)
    low, high = known[left], known[right]
    share = (channel - low) / (high - low).clamp(min=1)
    return torch.lerp(spectra[:, low], spectra[:, high], share.to(spectra.dtype))


def _without_dust(values: Tensor) -> Tensor:
    """Return values with zero for those that are next to nothing: denormal numbers take a hundred times as long."""
    return torch.where(values.abs() < 1e-100 * values.abs().max(), 0.0, values)


def _sigmas(model: Tensor, gram: Tensor, variances: Tensor, free: Tensor) -> Tensor:
    """Return the standard deviation of each amount, shape ``(n, k)``.

    Parameters
    ----------
    model, gram
        ``A``, shape ``(channels, k)``, and ``A^T A``.
    variances
        Of each channel, shape ``(n, channels)``.
    free
        Which amounts are not held at zero, shape ``(n, k)``.
    """
    weights = _without_dust(torch.linalg.solve(gram, model.T))
    sigmas: Tensor = (variances @ weights.square().T).sqrt()
    held = (~free.all(1)).nonzero().squeeze(1)
    if len(held):
        some = _sigmas_of_free(model, gram, variances[held], free[held])
        sigmas[held] = torch.where(free[held], some, sigmas[held])
    return sigmas


def _sigmas_of_free(model: Tensor, gram: Tensor, variances: Tensor, free: Tensor) -> Tensor:
    """Return the standard deviations where some amounts, different from row to row, are held at zero."""
    k = len(gram)
    first, second = torch.triu_indices(k, k, device=gram.device)
    spread = torch.empty((len(variances), k, k), dtype=gram.dtype, device=gram.device)
    # A^T V A of each spectrum
    spread[:, first, second] = spread[:, second, first] = variances @ (model[:, first] * model[:, second])
    both = free[:, :, None] & free[:, None, :]
    eye = torch.eye(k, dtype=gram.dtype, device=gram.device)
    inverse = torch.where(both, torch.linalg.inv(torch.where(both, gram, eye)), 0.0)
    sigmas: Tensor = (inverse @ spread @ inverse).diagonal(dim1=1, dim2=2).clamp(min=0.0).sqrt()
    return sigmas
