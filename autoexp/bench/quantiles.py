"""How many random points it takes, exactly."""

import math

from autoexp.errors import AutoexpError


def pool_quantile(size: int, good: int, probability: float = 0.5) -> int:
    """Return after how many draws without replacement a good candidate is among them with `probability`.

    The number of draws to the first good one is negative hypergeometric: none of ``n`` is good with
    probability ``C(size - good, n) / C(size, n)``.

    Parameters
    ----------
    size, good
        Candidates in the pool, and how many are good.
    probability
        Between 0 and 1; 0.5 for the median.

    Raises
    ------
    AutoexpError
        If `good` or `probability` is out of range.
    """
    _require(0 < good <= size, f"good must be from 1 to size={size}, got {good}")
    _require_probability(probability)
    none_yet = 1.0
    for drawn in range(size - good + 1):
        if 1.0 - none_yet >= probability:
            return drawn
        none_yet *= (size - good - drawn) / (size - drawn)
    return size - good + 1


def continuous_quantile(share: float, probability: float = 0.5) -> int:
    """Return after how many independent draws one is good with `probability`: geometric.

    Parameters
    ----------
    share
        Of the Space that is good, from above 0 to 1.
    probability
        Between 0 and 1; 0.5 for the median.

    Raises
    ------
    AutoexpError
        If a number is out of range.
    """
    _require(0.0 < share <= 1.0, f"share must be above 0 and at most 1, got {share}")
    _require_probability(probability)
    return 1 if share == 1.0 else max(1, math.ceil(math.log1p(-probability) / math.log1p(-share) - 1e-12))


def _require_probability(probability: float) -> None:
    _require(0.0 < probability < 1.0, f"probability must be between 0 and 1, got {probability}")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AutoexpError(message)
