"""A few numbers that tell curves and maps apart by their form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.records import FloatArray, Reduced


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The lowest cosine coefficients of a curve or a two-time map, ``fingerprint``.

    The orthonormal discrete cosine transform of second kind (N. Ahmed, T. Natarajan and K. R. Rao, IEEE Trans. Comput.
    C-23, 90 (1974)) of the values over their mean, along each dimension; the constant term, which is the same for
    all, is left out as zero. Multiplying a curve by a number changes nothing. Points without a value count as the
    mean of the others. Where there are three dimensions the first one counts the maps, as the bins of
    `autoexp.reduction.xpcs.TwoTime` do. Sigmas are propagated from the curve's to first order, its points taken as
    independent.

    Parameters
    ----------
    orders
        Coefficients along each dimension.

    Raises
    ------
    ReductionError
        If there is but the constant.
    """

    orders: int = 8

    def __post_init__(self) -> None:
        if self.orders < 2:
            raise ReductionError(f"orders must be two or more, got {self.orders}")

    def of(self, curve: Reduced) -> Mapping[str, Reduced]:
        """Return the coefficients, shape ``(orders,)`` or ``(orders, orders)``; of several maps for each.

        Raises
        ------
        ReductionError
            If it is neither a curve, a map nor several maps, or smaller than the fingerprint.
        """
        several, shape = curve.value.shape[:-2], curve.value.shape[-2:]
        if not 1 <= curve.value.ndim <= 3 or min(shape) < self.orders:
            raise ReductionError(
                f"a fingerprint of {self.orders} orders needs a curve or map as large, got {curve.value.shape}"
            )
        orders = ("order",) if len(shape) == 1 else ("order_1", "order_2")
        dims = (*curve.dims[: len(several)], *orders)
        axes = {name: axis for name, axis in curve.axes.items() if name in dims}
        value, sigma = np.full((2, *several, *(self.orders,) * len(shape)), np.nan)
        flags = curve.flags
        for place in np.ndindex(several):
            value[place], sigma[place], told = self._of_one(curve.value[place], curve.sigma[place])
            flags |= told if curve.n_frames else Flags.NONE
        return {"fingerprint": Reduced(value, sigma, "", dims, axes, curve.n_frames, flags)}

    def _of_one(self, values: FloatArray, sigmas: FloatArray) -> tuple[FloatArray, FloatArray, Flags]:
        known = np.isfinite(values) & np.isfinite(sigmas)
        mean = float(values[known].mean()) if known.any() else 0.0
        flags = Flags.NONE if known.all() else Flags.INCOMPLETE
        if mean == 0.0:
            nothing = np.full((self.orders,) * values.ndim, np.nan)
            return nothing, nothing, flags | Flags.NO_SIGNAL
        return *self._transformed(values, sigmas, known, mean), flags

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"orders": self.orders}

    def _transformed(
        self, values: FloatArray, sigmas: FloatArray, known: NDArray[np.bool_], mean: float
    ) -> tuple[FloatArray, FloatArray]:
        waves = [_cosines(self.orders, length) for length in values.shape]
        off = np.where(known, values / mean - 1.0, 0.0)
        value = _along(off, waves)
        variances = np.where(known, sigmas, 0.0) ** 2 / mean**2
        # d f = (W - f') d x / m, with what the mean takes along: f' = (f + sum of the known W) / n
        known_waves = _along(known.astype(float), waves)
        shared = (value + known_waves) / known.sum()
        squares, crossed = _along(variances, [wave**2 for wave in waves]), _along(variances, waves)
        return value, np.sqrt(np.maximum(squares - 2 * shared * crossed + shared**2 * variances.sum(), 0.0))


def _cosines(orders: int, length: int) -> FloatArray:
    """Return the orthonormal cosines, shape ``(orders, length)``."""
    found = np.cos(np.pi / length * np.outer(np.arange(orders), np.arange(length) + 0.5)) * np.sqrt(2.0 / length)
    found[0] /= np.sqrt(2.0)
    return np.asarray(found)


def _along(values: FloatArray, waves: list[FloatArray]) -> FloatArray:
    return waves[0] @ values if len(waves) == 1 else waves[0] @ values @ waves[1].T
