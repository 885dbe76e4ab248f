"""The ptychographical iterative engine: object and probe from patterns, mini-batch by mini-batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.ptychography.shifts import Offset, Shifts

Corner = tuple[int, int]
"""Row and column of the object under the probe's first sample."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Object and probe as known so far.

    Parameters
    ----------
    object
        Complex64, shape ``(y, x)``.
    probe
        Complex64, shape of a pattern; the sum of its squares is the photons of a frame.
    """

    object: Tensor
    probe: Tensor


@dataclass(frozen=True, slots=True)
class Engine:
    """How an estimate is improved by patterns.

    For a mini-batch of positions, with exit waves ``psi = P O`` and ``d`` by which they change when their far field
    gets the measured amplitudes,

    ``O += step sum(conj(P) d) / ((1 - a) sum|P|² + a max sum|P|²)``

    and the same for the probe with object and probe exchanged. With one position at a time it is ePIE [1]_ for a = 1
    and rPIE [2]_ for a < 1; with more, the sums in the denominator keep the step from growing with the overlap.

    Parameters
    ----------
    object_weight, probe_weight
        The ``a`` of both updates, above 0 and at most 1.
    object_step, probe_step
        Above 0; below 2 it is stable.
    batch
        Positions per update.
    seed
        Of the order of positions.

    Raises
    ------
    ReductionError
        If one is out of its range.

    References
    ----------
    .. [1] A. M. Maiden and J. M. Rodenburg, Ultramicroscopy 109, 1256 (2009), eqs. 3 and 4.
    .. [2] A. Maiden, D. Johnson and P. Li, Optica 4, 736 (2017), eq. 13.
    """

    object_weight: float = 0.1
    probe_weight: float = 1.0
    object_step: float = 1.0
    probe_step: float = 0.5
    batch: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("object_weight", "probe_weight"):
            if not 0 < getattr(self, name) <= 1:
                raise ReductionError(f"{name} must be above 0 and at most 1, got {getattr(self, name)}")
        for name in ("object_step", "probe_step"):
            if not 0 < getattr(self, name) < 2:
                raise ReductionError(f"{name} must be above 0 and below 2 to be stable, got {getattr(self, name)}")
        if self.batch < 1:
            raise ReductionError(f"batch must be one position or more, got {self.batch}")

    def sweep(
        self,
        estimate: Estimate,
        corners: Sequence[Corner],
        amplitudes: Sequence[Tensor],
        epoch: int,
        offsets: Sequence[Offset] | None = None,
    ) -> Estimate:
        """Return the estimate after every pattern has been used once, in an order drawn for `epoch`.

        Parameters
        ----------
        estimate
            To begin with.
        corners
            Row and column of the object under the probe's first sample, for each pattern.
        amplitudes
            Roots of the counts, zero frequency first, float32, shape of the probe each; negative where unknown.
        epoch
            Of many.
        offsets
            For each pattern; None for whole samples.
        """
        if not corners:
            return estimate
        order = torch.randperm(len(corners), generator=torch.Generator().manual_seed(_seed(self.seed, epoch))).tolist()
        changed = Estimate(estimate.object.clone(), estimate.probe.clone())
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            shifts = Shifts.of(changed.probe, [offsets[i] for i in chosen] if offsets else ())
            self._step(changed, [corners[i] for i in chosen], torch.stack([amplitudes[i] for i in chosen]), shifts)
        return changed

    def _step(self, estimate: Estimate, corners: Sequence[Corner], amplitudes: Tensor, shifts: Shifts) -> None:
        """Improve the estimate, in place, by one mini-batch."""
        patches = patches_of(estimate.object, corners, estimate.probe.shape)
        probes = shifts.apply(estimate.probe)
        change = changes(patches * probes, amplitudes)
        # a lazy conjugate would be multiplied element by element
        to_object = change * probes.conj_physical()
        to_probe = shifts.undo(change.mul_(patches.conj_physical()))
        place = around(corners, amplitudes.shape[1:])
        touched = window_of(estimate.object, *place)
        upper, lower = torch.zeros_like(touched), torch.zeros_like(touched.real)
        powers = _power(probes).expand_as(amplitudes)
        for (row, column), part, power in zip(corners, to_object, powers, strict=True):
            corner = row - place[0][0], column - place[0][1]
            window_of(upper, corner, part.shape).add_(part)
            window_of(lower, corner, part.shape).add_(power)
        touched.add_(upper.mul_(_inverse(lower, self.object_weight)), alpha=self.object_step)
        seen = _power(patches).sum(0)
        estimate.probe.add_(to_probe.mul_(_inverse(seen, self.probe_weight)), alpha=self.probe_step)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        names = ("object_weight", "probe_weight", "object_step", "probe_step", "batch", "seed")
        return {name: getattr(self, name) for name in names}


def engine(method: Literal["ePIE", "rPIE"], **settings: Any) -> Engine:
    """Return an engine with the weights of a published method, and else what `settings` say."""
    weights = {"ePIE": 1.0, "rPIE": 0.1}
    if method not in weights:
        raise ReductionError(f"method must be one of {', '.join(weights)}, got {method!r}")
    return Engine(object_weight=weights[method], probe_weight=1.0, **settings)


def changes(waves: Tensor, amplitudes: Tensor) -> Tensor:
    """Return by what exit waves, shape ``(n, y, x)``, change where their far field gets the measured amplitudes."""
    far = torch.fft.fft2(waves, norm="ortho")
    factor = amplitudes * _power(far).clamp_(min=1e-24).rsqrt_() - 1.0
    factor = torch.where(amplitudes < 0, 0.0, factor)
    change: Tensor = torch.fft.ifft2(far.mul_(factor), norm="ortho")
    return change


def patches_of(whole: Tensor, corners: Sequence[Corner], shape: Sequence[int]) -> Tensor:
    """Return what of the object is under the probe, shape ``(n, *shape)``."""
    return torch.stack([window_of(whole, corner, shape) for corner in corners])


def window_of(whole: Tensor, corner: Corner, shape: Sequence[int]) -> Tensor:
    """Return a view of what of the object is under the probe, shape `shape`."""
    (row, column), (rows, columns) = corner, shape
    return whole[row : row + rows, column : column + columns]


def around(corners: Sequence[Corner], shape: Sequence[int]) -> tuple[Corner, tuple[int, int]]:
    """Return corner and shape of the smallest part of the object with all these windows."""
    (top, bottom), (left, right) = ((min(each), max(each)) for each in zip(*corners, strict=True))
    return (top, left), (bottom - top + shape[0], right - left + shape[1])


def _power(wave: Tensor) -> Tensor:
    return wave.real.square() + wave.imag.square()


def _inverse(power: Tensor, weight: float) -> Tensor:
    """Return ``1 / ((1 - a) power + a max(power))``, finite everywhere."""
    return torch.lerp(power, power.max().expand_as(power), weight).clamp_(min=1e-30).reciprocal_()


def _seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**63
