"""How alike two pictures are."""

import numpy as np
from numpy.typing import NDArray

from autoexp.dofs import FloatArray

_WINDOW = 7
_K1, _K2 = 0.01, 0.03


def structural_similarity(truth: FloatArray, guess: FloatArray) -> float:
    """Return the mean structural similarity of two pictures, shape ``(y, x)``; one where they are the same.

    Equation 13 of Wang et al. [1]_ with a uniform window of 7 by 7, unbiased variances, their constants, and the
    range of `truth` for the dynamic range; places whose window does not fit are left out.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, IEEE Trans. Image Process. 13, 600 (2004).
    """
    windows = np.lib.stride_tricks.sliding_window_view
    a, b = (windows(np.asarray(each, dtype=float), (_WINDOW, _WINDOW)) for each in (truth, guess))
    axes = (-2, -1)
    mean_a, mean_b = a.mean(axes), b.mean(axes)
    of_a, of_b = a.var(axes, ddof=1), b.var(axes, ddof=1)
    shared = (a * b).mean(axes) - mean_a * mean_b
    shared = shared * _WINDOW**2 / (_WINDOW**2 - 1)
    span = float(np.ptp(truth)) or 1.0
    c1, c2 = (_K1 * span) ** 2, (_K2 * span) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * shared + c2)
    return float(np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (of_a + of_b + c2))))


def boundary(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells next to which, along any axis, the other side lies."""
    found = np.zeros_like(inside)
    for axis in range(inside.ndim):
        steps = np.diff(inside.astype(np.int8), axis=axis) != 0
        nothing = np.zeros_like(np.take(steps, [0], axis=axis))
        found |= np.concatenate([steps, nothing], axis) | np.concatenate([nothing, steps], axis)
    return found


def boundary_f1(truth: NDArray[np.bool_], guess: NDArray[np.bool_], cells: int = 1) -> float:
    """Return the harmonic mean of how many guessed cells are true and how many true ones are guessed.

    A cell within `cells` of one of the other counts as a match, as boundaries are compared by Martin et al. [1]_
    (here without their one-to-one assignment). One where neither has a boundary.

    References
    ----------
    .. [1] D. R. Martin, C. C. Fowlkes and J. Malik, IEEE Trans. Pattern Anal. Mach. Intell. 26, 530 (2004).
    """
    from scipy.ndimage import binary_dilation, generate_binary_structure

    if not truth.any() or not guess.any():
        return float(truth.any() == guess.any())
    around = generate_binary_structure(truth.ndim, truth.ndim)
    near_truth, near_guess = (binary_dilation(each, around, iterations=cells) for each in (truth, guess))
    precision, recall = near_truth[guess].mean(), near_guess[truth].mean()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0
