"""The delays of a multiple-tau correlation."""

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import ReductionError


def lag_steps(levels: int, channels: int) -> NDArray[np.int64]:
    """Return the delays in frames: those of level 0, then the upper half of each level's.

    Level ``l`` averages ``2**l`` frames and has the delays ``2**l`` times 0 to ``channels - 1``, of which level
    ``l - 1`` has the lower half already (K. Schätzel, Quantum Opt. 2, 287 (1990); as scikit-beam's
    ``multi_tau_lags``).

    Parameters
    ----------
    levels
        At least one.
    channels
        Delays per level, even.

    Raises
    ------
    ReductionError
        If there are none, or an odd number of channels.
    """
    if levels < 1 or channels < 2 or channels % 2:
        raise ReductionError(f"levels must be 1 or more and channels even, got levels={levels}, channels={channels}")
    return np.concatenate([level_lags(level, channels) << level for level in range(levels)])


def level_lags(level: int, channels: int) -> NDArray[np.int64]:
    """Return a level's own delays, in its own frames."""
    return np.arange(channels // 2 if level else 0, channels, dtype=np.int64)
