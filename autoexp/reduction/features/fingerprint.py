"""A few numbers that tell curves and maps apart by their form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.records import FloatArray, Reduced


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The lowest cosine coefficients of a curve or a two-time map, ``fingerprint``.

    The orthonormal discrete cosine transform of second kind (N. Ahmed, T. Natarajan and K. R. Rao, IEEE Trans. Comput.
    C-23, 90 (1974)) of the values over their mean, along each dimension; the constant term, which is the same for
    all, is left out as zero. Multiplying a curve by a number changes nothing. Points without a value count as the
    mean of the others. Sigmas are propagated from the curve's to first order, its points taken as independent.

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
        """Return the coefficients, shape ``(orders,)`` or ``(orders, orders)``.

        Raises
        ------
        ReductionError
            If it is neither curve nor map, or smaller than the fingerprint.
        """
        shape = curve.value.shape
        if len(shape) not in (1, 2) or min(shape) < self.orders:
            raise ReductionError(f"a fingerprint of {self.orders} orders needs a curve or map as large, got {shape}")
        dims = ("order",) if len(shape) == 1 else ("order_1", "order_2")
        known = np.isfinite(curve.value) & np.isfinite(curve.sigma)
        mean = float(curve.value[known].mean()) if known.any() else 0.0
        flags = curve.flags | (Flags.NONE if known.all() else Flags.INCOMPLETE)
        if curve.n_frames == 0 or mean == 0.0:
            nothing = np.full((self.orders,) * len(shape), np.nan)
            flags |= Flags.NONE if curve.n_frames == 0 else Flags.NO_SIGNAL
            return {"fingerprint": Reduced(nothing, nothing, "", dims, n_frames=curve.n_frames, flags=flags)}
        value, sigma = self._transformed(curve, known, mean)
        return {"fingerprint": Reduced(value, sigma, "", dims, n_frames=curve.n_frames, flags=flags)}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"orders": self.orders}

    def _transformed(self, curve: Reduced, known: Any, mean: float) -> tuple[FloatArray, FloatArray]:
        waves = [_cosines(self.orders, length) for length in curve.value.shape]
        off = np.where(known, curve.value / mean - 1.0, 0.0)
        value = _along(off, waves)
        variances = np.where(known, curve.sigma, 0.0) ** 2 / mean**2
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
