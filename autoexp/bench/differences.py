"""Which differences between agents are larger than the spread between seeds."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """Two agents' final scores on the same seeds.

    Parameters
    ----------
    first, second
        The agents.
    seeds
        How many seeds both finished.
    median, low, high
        Median and quartiles of first less second over those seeds; NaN where there are none.
    p_value
        Of Wilcoxon's signed-rank test (two-sided; exact for few seeds without ties), adjusted by Holm's
        method for the number of pairs; 1 where all differences are zero.
    attainable
        The least adjusted p-value that this many seeds can give: where it is above 0.05 no difference,
        however large, could be shown.
    """

    first: str
    second: str
    seeds: int
    median: float
    low: float
    high: float
    p_value: float
    attainable: float

    @property
    def significant(self) -> bool:
        """Whether the difference is larger than the spread between seeds, at 5 %."""
        return self.p_value < _LEVEL


def paired_differences(final: "xr.DataArray") -> list[Difference]:
    """Compare final scores by agent and seed, every two agents.

    References
    ----------
    .. [1] F. Wilcoxon, Biometrics Bulletin 1, 80 (1945).
    .. [2] S. Holm, Scand. J. Statist. 6, 65 (1979).
    """
    pairs = list(itertools.combinations([str(name) for name in final.agent.values], 2))
    gaps = [(final.sel(agent=first) - final.sel(agent=second)).values for first, second in pairs]
    gaps = [gap[np.isfinite(gap)] for gap in gaps]
    adjusted = holm([signed_rank(gap) for gap in gaps])
    return [
        _difference(pair, gap, p_value, len(pairs)) for pair, gap, p_value in zip(pairs, gaps, adjusted, strict=True)
    ]


def _difference(pair: tuple[str, str], gap: np.ndarray, p_value: float, pairs: int) -> Difference:
    low, median, high = np.percentile(gap, [25, 50, 75]) if len(gap) else (np.nan,) * 3
    attainable = min(1.0, pairs * 2.0 ** (1 - len(gap)))
    return Difference(*pair, len(gap), float(median), float(low), float(high), p_value, attainable)


def signed_rank(gap: np.ndarray) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test; 1 where nothing differs."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(gap).pvalue) if np.any(gap) else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that any false claim among them is as rare as stated [2]_ (Holm)."""
    order = np.argsort(p_values)
    adjusted, running = np.ones(len(p_values)), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return [float(value) for value in adjusted]


def told(differences: Sequence[Difference], better: str) -> Iterator[str]:
    """Yield what the differences say, a sentence each."""
    for each in differences:
        yield _told(each, better)
    if differences:
        yield f"Test: Wilcoxon signed-rank, paired by seed, two-sided at {_LEVEL:.0%}, Holm's correction for all pairs."


def _told(each: Difference, better: str) -> str:
    gap = f"{each.first} - {each.second}: median {each.median:.4g} ({each.low:.4g} to {each.high:.4g}), "
    numbers = f"{gap}{each.seeds} seeds, p = {each.p_value:.2g}"
    if each.significant:
        ahead = each.first if (each.median < 0) == (better == "lower") else each.second
        return f"{numbers}: {ahead} is better by more than the spread between seeds."
    if each.attainable >= _LEVEL:
        return f"{numbers}: too few seeds to show any difference."
    return f"{numbers}: no difference larger than the spread between seeds."
