"""The integration window of a beam, found on blocks of pixels, of which there are few."""

import math

from autoexp.reduction.background import Blocks
from autoexp.reduction.images import Window
from autoexp.reduction.moments import Moments, ones, powers, window_around

_ROUNDS = 30

_LEAST = 12
"""Blocks along a window in which they resolve a beam; a smaller window is soon found on pixels."""


def coarse_window(
    blocks: Blocks, first: Window, shape: tuple[int, int], *, factor: float, level: float, given: bool
) -> Window:
    """Move and scale a window with the beam inside it until it stands still, to the precision of blocks.

    Parameters
    ----------
    blocks
        Of the image.
    first
        Where to begin; returned where no beam is seen in it, or one too small for blocks.
    shape
        Rows and columns of the image.
    factor
        Widths of the beam in a side of the window.
    level
        Of the background per pixel, while the window leaves too few pixels outside to measure it.
    given
        Whether that level is to be used in any case.
    """
    window, seen = first, {first}
    for _ in range(_ROUNDS):
        moments = _moments(blocks, window, level, given)
        if not moments.finite:
            return first
        window = window_around(moments, shape, factor=factor, least=blocks.size)
        if window in seen:
            break
        seen.add(window)
    y0, y1, x0, x1 = window
    return window if min(y1 - y0, x1 - x0) >= _LEAST * blocks.size else first


def _moments(blocks: Blocks, window: Window, level: float, given: bool) -> Moments:
    """Return the moments of the blocks that a window touches, in pixels."""
    size = blocks.size
    y0, y1, x0, x1 = window[0] // size, -(-window[1] // size), window[2] // size, -(-window[3] // size)
    y, x = powers(y1 - y0)[:, :3], powers(x1 - x0)[:, :3]
    signal = y.T @ blocks.signal[y0:y1, x0:x1] @ x
    # where all blocks are whole, their pixels need no adding up
    whole = blocks.ratio is not None
    pixels = size**2 * ones(y1 - y0, x1 - x0)[:3, :3] if whole else y.T @ blocks.pixels[y0:y1, x0:x1] @ x
    all_pixels, all_signal, _ = blocks.totals
    outside = all_pixels - pixels[0, 0]
    if not given and outside >= 0.05 * all_pixels:
        level = (all_signal - signal[0, 0]) / outside
    (total, sx, sxx), (sy, sxy, _), (syy, _, _) = (signal - level * pixels).tolist()
    if not total > 0:
        return Moments(total, math.nan, math.nan, math.nan, math.nan, math.nan)
    mx, my = sx / total, sy / total
    # a block spreads what is in it over its width (W. F. Sheppard, Proc. London Math. Soc. 29, 353 (1898))
    within = (size**2 - 1) / 12
    xx, yy = (max(size**2 * each - within, within) for each in (sxx / total - mx**2, syy / total - my**2))
    centre_x, centre_y = size * (0.5 * (x0 + x1) + mx) - 0.5, size * (0.5 * (y0 + y1) + my) - 0.5
    return Moments(total, centre_x, centre_y, xx, yy, size**2 * (sxy / total - mx * my))
