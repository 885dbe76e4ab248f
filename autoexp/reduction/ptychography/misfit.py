"""How far patterns are from what an estimate says: the R-factor."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from autoexp.reduction.ptychography.engine import Estimate, patches_of
from autoexp.reduction.ptychography.scan import Pattern
from autoexp.reduction.ptychography.shifts import Shifts

_TOGETHER = 16


def misfits(estimate: Estimate, patterns: Sequence[Pattern]) -> Tensor:
    """Return three sums over the known pixels of each pattern, float64, shape ``(n, 3)``.

    ``sum| |F| - A |``, ``sum A``, and the variance of the first by counting, where F is the far field that the
    estimate predicts and A the root of the counts. The variance of a root is 1/4 but for few counts, where it is
    their mean (M. S. Bartlett, J. R. Stat. Soc. Suppl. 3, 68 (1936)).
    """
    parts = [_misfits(estimate, patterns[i : i + _TOGETHER]) for i in range(0, len(patterns), _TOGETHER)]
    return torch.cat([torch.zeros((0, 3), dtype=torch.float64, device=estimate.probe.device), *parts])


def _misfits(estimate: Estimate, patterns: Sequence[Pattern]) -> Tensor:
    amplitudes = torch.stack([each.amplitude for each in patterns])
    probes = Shifts.of(estimate.probe, [each.offset for each in patterns]).apply(estimate.probe)
    patches = patches_of(estimate.object, [each.corner for each in patterns], estimate.probe.shape)
    far = torch.fft.fft2(patches * probes, norm="ortho").abs()
    unknown = amplitudes < 0
    off = torch.where(unknown, 0.0, far - amplitudes).abs()
    variance = torch.where(unknown, 0.0, far.square().clamp(max=0.25))
    sums = [values.sum((1, 2), dtype=torch.float64) for values in (off, amplitudes.clamp(min=0.0), variance)]
    return torch.stack(sums, dim=1)


def r_factor(misfits: Tensor) -> tuple[float, float]:
    """Return ``sum| |F| - A | / sum A`` over all patterns, and the standard deviation of that.

    The sigma is that of a ratio of sums over patterns drawn at random (W. G. Cochran, Sampling Techniques, 3rd ed.,
    1977, eq. 6.9): how much R would differ with other positions. NaN for fewer than two patterns.
    """
    off, total, _ = misfits.cpu().unbind(1)
    scale = float(total.sum())
    if not scale > 0:
        return math.nan, math.nan
    ratio, n = float(off.sum()) / scale, len(off)
    if n < 2:
        return ratio, math.nan
    return ratio, math.sqrt(n / (n - 1) * float((off - ratio * total).square().sum())) / scale


def single(misfit: Tensor) -> tuple[float, float]:
    """Return the R-factor of one pattern, of misfits of shape ``(1, 3)``, and its standard deviation by counting."""
    off, total, variance = misfit[0].tolist()
    return (off / total, math.sqrt(variance) / total) if total > 0 else (math.nan, math.nan)
