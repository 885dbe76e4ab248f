"""Poisson counts of a whole frame in milliseconds."""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import poisson
from torch import Tensor

from autoexp_simulators.dice import Dice

_STEPS = 64
_TOP = 16
_LEVELS = _STEPS * _TOP
_COLUMNS = 2**10
_OPEN = 255
_OUTCOME_BITS = 6
_OUTCOMES = 2**_OUTCOME_BITS
_SHARES = 2 ** (31 - _OUTCOME_BITS)
_CHUNK = 2**17


def poisson_counts(mean: Tensor, dice: Dice) -> Tensor:
    """Return Poisson counts with the given means.

    Parameters
    ----------
    mean
        Of any shape, float32, not negative.
    dice
        Source of randomness, on the device of `mean`.

    Returns
    -------
        Counts as float32, of the same shape.

    Notes
    -----
    A mean below 16 is split into a multiple of 1/64 and a rest. A count for the multiple is looked up in a table of
    1024 columns, of which each outcome has as many as fit into its probability [1]_; the few pixels in a hundred
    that hit a column left open draw from what remains of the probabilities, by Walker's alias method [2]_ with
    31 bits. The rests add counts as a Poisson process of one hit per 64 pixels does when a hit counts with the
    probability of 64 times the pixel's rest. From 16 on it is the Cornish-Fisher expansion [3]_ of the Poisson
    quantile to the order ``1/sqrt(mean)``, rounded, and less the variance of rounding, 1/12; its distribution function
    is within 1e-3 of the exact one.

    References
    ----------
    .. [1] G. Marsaglia, W. W. Tsang and J. Wang, Journal of Statistical Software 11 (2004) 3: columns of a table.
    .. [2] A. J. Walker, ACM Transactions on Mathematical Software 3 (1977) 253.
    .. [3] E. A. Cornish and R. A. Fisher, Revue de l'Institut International de Statistique 5 (1938) 307.
    """
    flat = mean.reshape(-1)
    if mean.device.type == "cpu":
        return torch.cat([_counts(chunk, dice) for chunk in torch.split(flat, _CHUNK)]).reshape(mean.shape)
    return _counts(flat, dice).reshape(mean.shape)


def _counts(mean: Tensor, dice: Dice) -> Tensor:
    if not len(mean) or mean.min() >= _TOP:
        return _many(mean, dice)
    columns, _, _ = _tables(str(mean.device))
    level = (mean * _STEPS).clamp_(max=_LEVELS).to(torch.int32)
    column = dice.short_words(len(mean)).bitwise_and_(_COLUMNS - 1).to(torch.int32)
    found = columns.index_select(0, column.add_(level, alpha=_COLUMNS))
    at = (found == _OPEN).nonzero().squeeze(-1)
    if 3 * len(at) > 2 * len(mean):
        return _mostly_many(mean, dice)
    counts = found.to(torch.float32).index_copy_(0, at, _left_open(mean.index_select(0, at), dice))
    return _add_rests(counts, mean, dice)


def _mostly_many(mean: Tensor, dice: Dice) -> Tensor:
    """Draw bright pixels' counts for all pixels, and again for those that are not."""
    at = (mean < _TOP).nonzero().squeeze(-1)
    return _many(mean.clamp(min=_TOP), dice).index_copy_(0, at, _counts(mean.index_select(0, at), dice))


def _left_open(mean: Tensor, dice: Dice) -> Tensor:
    """Return counts where the table has none: of an open column, and beyond the last level."""
    counts = torch.empty_like(mean)
    for part, draw in ((mean < _TOP, _last_part), (mean >= _TOP, _many)):
        at = part.nonzero().squeeze(-1)
        counts.index_copy_(0, at, draw(mean.index_select(0, at), dice))
    return counts


def _last_part(mean: Tensor, dice: Dice) -> Tensor:
    """Return counts for the multiples of 1/64 in means below 16, given that their column is an open one."""
    _, keep, outcome = _tables(str(mean.device))
    words = dice.words(len(mean))
    index = torch.add(words & (_OUTCOMES - 1), (mean * _STEPS).to(torch.int32), alpha=_OUTCOMES)
    kept = (words >> _OUTCOME_BITS) < keep.index_select(0, index)
    return outcome.index_select(0, torch.add(kept, index, alpha=2))


def _add_rests(counts: Tensor, mean: Tensor, dice: Dice) -> Tensor:
    at = dice.places(len(mean) / _STEPS, len(mean))
    level = mean.index_select(0, at).mul_(_STEPS)
    hit = (dice.uniform(len(at)) < level.frac()) & (level < _LEVELS)
    return counts.index_add_(0, at, hit.to(torch.float32))


def _many(mean: Tensor, dice: Dice) -> Tensor:
    z, root = dice.normal(mean.numel()), (mean - 1.0 / 12.0).sqrt_()
    counts = torch.addcmul(mean, root, z)
    skew = torch.div(z, root, out=root).mul_(-1.0 / 72.0).add_(1.0 / 6.0)
    return counts.addcmul_(z.square_().sub_(1.0), skew).round_().clamp_(min=0.0)


@functools.cache
def _tables(device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return the counts in the columns of each level, and for open ones the tables of Walker's method.

    These are, by level and outcome, the share that keeps its own outcome, and both: the other and its own.
    Beyond the last level all columns are open.
    """
    columns = np.full((_LEVELS + 1, _COLUMNS), _OPEN, dtype=np.uint8)
    keep = np.ones((_LEVELS, _OUTCOMES))
    outcome = np.zeros((_LEVELS, _OUTCOMES, 2), dtype=np.float32)
    outcome[..., 1] = own = np.arange(_OUTCOMES)
    for level in range(_LEVELS):
        expected = _COLUMNS * poisson.pmf(own, level / _STEPS)
        whole = np.floor(expected).astype(int)
        columns[level, : whole.sum()] = np.repeat(own, whole)
        if whole.sum() < _COLUMNS:
            keep[level], outcome[level, :, 0] = _alias(expected - whole)
    arrays = (columns, np.rint(keep * _SHARES).astype(np.int32), outcome)
    laid_out, shares, outcomes = (torch.from_numpy(array.reshape(-1)).to(device) for array in arrays)
    return laid_out, shares, outcomes


def _alias(probability: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return Walker's tables of a distribution, by Vose's construction."""
    count = len(probability)
    scaled = probability * count / probability.sum()
    keep, other = np.ones(count), np.arange(count, dtype=np.int32)
    small = [index for index in range(count) if scaled[index] < 1.0]
    large = [index for index in range(count) if scaled[index] >= 1.0]
    while small and large:
        low, high = small.pop(), large.pop()
        keep[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        (small if scaled[high] < 1.0 else large).append(high)
    return keep, other
