"""Sums over pairs of frames, and the correlation that they give."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Sums over all pairs of frames at each lag and all pixels of each group; float64, shape ``(lags, groups)``.

    Parameters
    ----------
    product
        Of the earlier value times the later one.
    past, future
        Of the earlier value, and of the later one.
    weight
        How many there were: pairs times pixels.
    """

    product: Tensor
    past: Tensor
    future: Tensor
    weight: Tensor

    @classmethod
    def zeros(cls, lags: int, groups: int, device: str) -> "PairSums":
        """Return the sums of no pairs."""
        return cls(*torch.zeros((4, lags, groups), dtype=torch.float64, device=device))

    @classmethod
    def joined(cls, parts: "list[PairSums]") -> "PairSums":
        """Return sums of different lags in one, in the order given."""
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def __add__(self, other: "PairSums") -> "PairSums":
        return PairSums(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def to(self, device: str) -> "PairSums":
        """Return the same on another device."""
        return PairSums(*(getattr(self, name).to(device) for name in self.__slots__))

    def correlation(self, bins: int) -> Tensor:
        """Return g2 of each bin, float64, shape ``(bins, lags)``; NaN where there was no pair or no intensity.

        ``<I(t) I(t + lag)> / (<I(t)> <I(t + lag)>)``, each mean over those pairs and pixels: the symmetric
        normalisation of D. Lumma et al., Rev. Sci. Instrum. 71, 3274 (2000), as scikit-beam does it.
        """
        return normalised(*(sums.sum(-1) for sums in self._by_bin(bins)))

    def without_each_group(self, bins: int) -> Tensor:
        """Return g2 of each bin with one of its groups left out, float64, shape ``(bins, groups of a bin, lags)``."""
        left = (sums.sum(-1, keepdim=True) - sums for sums in self._by_bin(bins))
        return normalised(*left).transpose(1, 2)

    def _by_bin(self, bins: int) -> list[Tensor]:
        """Return the four sums, shape ``(bins, lags, groups of a bin)`` each."""
        lags = len(self.product)
        return [getattr(self, name).view(lags, bins, -1).transpose(0, 1) for name in self.__slots__]


def normalised(product: Tensor, past: Tensor, future: Tensor, weight: Tensor) -> Tensor:
    """Return the mean product over the product of means, from sums; NaN where there is nothing to divide by."""
    norm = past * future
    return torch.where(norm > 0, product * weight / norm, torch.nan)


def jackknife(estimates: Tensor, dim: int) -> Tensor:
    """Return the standard deviation of an estimate from those with one of ``k`` groups left out, along `dim`.

    ``sqrt((k - 1) / k * sum (x_i - mean)²)``: B. Efron and C. Stein, Ann. Stat. 9, 586 (1981). It needs no model of the
    noise, and holds for whatever is computed from the groups.
    """
    k = estimates.shape[dim]
    deviations = estimates - estimates.mean(dim, keepdim=True)
    return (deviations.square().sum(dim) * ((k - 1) / k)).sqrt()
