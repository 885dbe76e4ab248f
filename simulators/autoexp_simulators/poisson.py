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
_COLUMN_BITS = 6
_OUTCOMES = 2**_COLUMN_BITS
_SHARE_BITS = 19
_SHARES = 2**_SHARE_BITS
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
    A mean below 16 is split into a multiple of 1/64 and a rest. A count for the multiple is drawn by
    Walker's alias method [1]_ from a table of 64 outcomes, one for the rest by inversion
    (more than two have a probability below 7e-7); their sum is Poisson. Its random word has 6 bits for the outcome's
    column, 19 for the alias and 6 to let 63 of 64 pixels go without a look at their rest. From 16 on it is the
    Cornish-Fisher expansion [2]_ of the Poisson quantile to the order ``1/sqrt(mean)``, rounded, and less the
    variance of rounding, 1/12; its distribution function is within 1e-3 of the exact one.

    References
    ----------
    .. [1] A. J. Walker, ACM Transactions on Mathematical Software 3 (1977) 253.
    .. [2] E. A. Cornish and R. A. Fisher, Revue de l'Institut International de Statistique 5 (1938) 307.
    """
    flat = mean.reshape(-1)
    if mean.device.type == "cpu":
        return torch.cat([_counts(chunk, dice) for chunk in torch.split(flat, _CHUNK)]).reshape(mean.shape)
    return _counts(flat, dice).reshape(mean.shape)


def _counts(mean: Tensor, dice: Dice) -> Tensor:
    darkest, brightest = mean.aminmax()
    if brightest < _TOP:
        return _few(mean, dice)
    if darkest >= _TOP:
        return _many(mean, dice)
    # what most pixels need is drawn for all, and the others are drawn again
    at = (mean >= _TOP).nonzero().squeeze(-1)
    if 2 * len(at) < len(mean):
        return _few(mean.clamp(max=_TOP - 0.5 / _STEPS), dice).index_copy_(0, at, _many(mean.index_select(0, at), dice))
    at = (mean < _TOP).nonzero().squeeze(-1)
    return _many(mean.clamp(min=_TOP), dice).index_copy_(0, at, _few(mean.index_select(0, at), dice))


def _few(mean: Tensor, dice: Dice) -> Tensor:
    keep, outcome = _tables(str(mean.device))
    words = dice.words(mean.numel())
    level = (mean * _STEPS).to(torch.int32)
    index = torch.add(words & (_OUTCOMES - 1), level, alpha=_OUTCOMES)
    kept = (words >> _COLUMN_BITS & _SHARES - 1) < keep.index_select(0, index)
    counts = outcome.index_select(0, torch.add(kept, index, alpha=2))
    # the rest is below 1/64, and so is the chance that it counts: all but 1/64 of the pixels are done
    left = (words >> _COLUMN_BITS + _SHARE_BITS == 0).nonzero().squeeze(-1)
    rest = mean.index_select(0, left) - level.index_select(0, left) * (1.0 / _STEPS)
    return counts.index_add_(0, left, _rest(rest, dice.uniform(len(left)) / _STEPS))


def _rest(mean: Tensor, uniform: Tensor) -> Tensor:
    """Return none, one or two counts of means below 1/64, by inversion, given that `uniform` is below 1/64."""
    some = -torch.expm1(-mean)
    return (uniform < some).to(torch.float32).add_(uniform < some - mean * torch.exp(-mean))


def _many(mean: Tensor, dice: Dice) -> Tensor:
    z, root = dice.normal(mean.numel()), torch.sqrt(mean - 1.0 / 12.0)
    square = z * z
    counts = mean + root * z + (square - 1.0) / 6.0 + z * (1.0 - square) / (72.0 * root)
    return counts.round_().clamp_(min=0.0)


@functools.cache
def _tables(device: str) -> tuple[Tensor, Tensor]:
    """Return, by level and column, the share that keeps its own outcome, and both: the other and its own."""
    keep = np.empty((_STEPS * _TOP, _OUTCOMES))
    outcome = np.empty((_STEPS * _TOP, _OUTCOMES, 2), dtype=np.float32)
    outcome[..., 1] = np.arange(_OUTCOMES)
    for level in range(_STEPS * _TOP):
        keep[level], outcome[level, :, 0] = _alias(poisson.pmf(np.arange(_OUTCOMES), level / _STEPS))
    shares = np.rint(keep * _SHARES).astype(np.int32)
    return torch.from_numpy(shares.reshape(-1)).to(device), torch.from_numpy(outcome.reshape(-1)).to(device)


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
