"""Where a beam is on a detector, how large it is and how much of it there is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.aperture import Aperture
from autoexp.reduction.background import Background, Blocks
from autoexp.reduction.coarse import coarse_window
from autoexp.reduction.images import MeanImage, Window
from autoexp.reduction.moments import Cut, Moments
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum

_ROUNDS = 30
_OF_MOMENTS = ("sum", "centroid_x", "centroid_y", "width_x", "width_y", "size", "tilt")
_FIELDS = (*_OF_MOMENTS[:-1], "peak", "tilt")


@dataclass(frozen=True, slots=True)
class BeamStatistics:
    """Sum, centroid, widths, size, peak and tilt of the beam on the mean of all frames.

    Widths are second-moment widths, four times the root of the central second moment along x and y
    (ISO 11146-1:2021), over a window three widths wide, parallel to the beam's principal axes, that is
    found by iteration (ISO 11146-3:2004); the background is the mean outside that window. `size` is
    the geometric mean of both widths, `tilt` the angle of the longer principal axis to x, towards
    rising y. Sigmas are those of the counts, propagated to first order, with the error of the
    background and with any noise beyond counting that is seen outside the window. `peak` is the
    largest pixel, and so biased upwards by noise.

    Without a beam `sum` is that of the whole frame above background, and everything else is NaN.

    Parameters
    ----------
    pixel_size
        Side of a pixel in `unit`.
    unit
        Unit of centroid, widths and size.
    counts
        Unit of sum and peak.
    background
        Level per pixel and frame; None to measure it.
    threshold
        By how many standard deviations a beam must stand out of the background to be one.
    window
        Side of the integration window in beam widths; the standard's 3 takes in the wings, 2 is
        enough for a Gaussian beam (0.1 % of its second moment is lost) and takes in less noise.

    Raises
    ------
    ReductionError
        If `pixel_size`, `threshold` or `window` is not positive, or the background is not finite.
    """

    pixel_size: float = 1.0
    unit: str = "px"
    counts: str = "count"
    background: float | None = None
    threshold: float = 6.0
    window: float = 3.0

    def __post_init__(self) -> None:
        for rule in ("pixel_size", "threshold", "window"):
            if not 0 < getattr(self, rule) < math.inf:
                raise ReductionError(f"{rule} must be positive, got {getattr(self, rule)}")
        if self.background is not None and not math.isfinite(self.background):
            raise ReductionError(f"background must be finite, got {self.background}")

    def init(self, spec: FrameSpec) -> FrameSum:
        """Return the sum of no frames."""
        return FrameSum.empty(spec)

    def update(self, state: FrameSum, frames: Tensor | Frames, meta: FrameMeta) -> FrameSum:
        """Add a batch, shape ``(n, y, x)``."""
        return state.add(frames)

    def merge(self, a: FrameSum, b: FrameSum) -> FrameSum:
        """Join what two workers saw."""
        return a.merge(b)

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        names = ("pixel_size", "unit", "counts", "background", "threshold", "window")
        return {name: getattr(self, name) for name in names}

    def read(self, state: FrameSum) -> Mapping[str, Reduced]:
        """Return the fields of the mean frame."""
        if state.n_frames == 0:
            return self._fields({}, 0, Flags.NO_FRAMES)
        found, flags = _measure(MeanImage.of(state), self)
        return self._fields(found, state.n_frames, flags)

    def _fields(self, found: Mapping[str, tuple[float, float]], n_frames: int, flags: Flags) -> dict[str, Reduced]:
        units = dict.fromkeys(_FIELDS, (self.unit, self.pixel_size))
        units |= {"sum": (self.counts, 1.0), "peak": (self.counts, 1.0), "tilt": ("deg", 1.0)}
        nothing = (math.nan, math.nan)
        fields = {}
        for name, (unit, scale) in units.items():
            value, sigma = found.get(name, nothing)
            fields[name] = number(value * scale, sigma * scale, unit, n_frames, flags)
        return fields


def _measure(image: MeanImage, how: BeamStatistics) -> tuple[dict[str, tuple[float, float]], Flags]:
    blocks = Blocks.of(image)
    start = _level(blocks.corners(), how.background)
    window, flags = _first_window(blocks, start, how.threshold)
    if window is None:
        return ({"sum": _whole_sum(blocks, start)}, flags) if blocks.totals[0] else ({}, flags | Flags.MASKED)
    cut, moments, window, settled = _settle(image, blocks, window, start, how)
    peak = _peak(image, window, cut.background)
    flags |= _health(image.shape, cut, moments, peak) | (Flags.NONE if settled else Flags.NOT_CONVERGED)
    values = {**_values(cut.about(moments.y, moments.x), moments), "peak": peak} if moments.finite else {}
    if flags & Flags.UNRESOLVED:
        known = {name: each for name, each in values.items() if name in ("sum", "centroid_x", "centroid_y", "peak")}
        return known or {"sum": _whole_sum(blocks, start)}, flags
    if not moments.finite or not _believable(values, image.shape):
        return {"sum": _whole_sum(blocks, start)}, flags | Flags.NO_SIGNAL
    return values, flags


def _level(measured: Background, given: float | None) -> Background:
    return measured if given is None else Background(given, 0.0, measured.excess, given=True)


def _first_window(blocks: Blocks, background: Background, threshold: float) -> tuple[Window | None, Flags]:
    """Return the surroundings of the block that stands out most, on the finest scale that shows it."""
    for factor in (1, 4):
        scale = blocks if factor == 1 else blocks.coarser(factor)
        row, column, significance = scale.brightest(background)
        if significance >= threshold:
            side = scale.size
            return ((row - 1) * side, (row + 2) * side, (column - 1) * side, (column + 2) * side), Flags.NONE
    return None, Flags.NO_SIGNAL


def _settle(
    image: MeanImage, blocks: Blocks, first: Window, background: Background, how: BeamStatistics
) -> tuple[Cut, Moments, Window, bool]:
    """Move, scale and turn the window with the beam inside it until it stands still, on blocks and then on pixels."""
    given = how.background is not None
    begin = _inside(first, image.shape)
    window = Aperture(coarse_window(blocks, begin, image.shape, factor=how.window, level=background.level, given=given))
    seen: set[Aperture] = set()
    for _ in range(_ROUNDS):
        seen.add(window)
        background = _level(blocks.outside(window.box) or blocks.corners(), how.background)
        cut = Cut.of(image, window.box, background, window.inside())
        moments = cut.moments()
        if not moments.finite:
            return cut, moments, window.box, True
        following = Aperture.around(moments, image.shape, factor=how.window, least=blocks.size)
        if following in seen or window.rests(following):
            return cut, moments, window.box, True
        window = following
    return cut, moments, window.box, False


def _inside(window: Window, shape: tuple[int, int]) -> Window:
    y0, y1, x0, x1 = window
    return max(0, y0), min(shape[0], y1), max(0, x0), min(shape[1], x1)


def _values(cut: Cut, m: Moments) -> dict[str, tuple[float, float]]:
    """Return every field but the peak with its sigma, in pixels and counts, from sums about the centroid.

    Each field ``f`` is a function of the pixels ``s``; its sigma follows from ``df/ds`` in each, which is a
    polynomial in the coordinates.
    """
    width_x, width_y = 4.0 * math.sqrt(m.xx), 4.0 * math.sqrt(m.yy)
    size = math.sqrt(width_x * width_y)
    difference, cross = m.xx - m.yy, 2.0 * m.xy
    elongation = max(difference**2 + cross**2, float(np.finfo(np.float64).tiny))
    found = (m.total, m.x, m.y, width_x, width_y, size, math.degrees(0.5 * math.atan2(cross, difference)))
    # times the total: coefficients of 1, dx, dy, dx², dy² and dx dy
    p, q, t = 8.0 / width_x, 8.0 / width_y, math.degrees(0.5 / elongation)
    derivatives = [
        [m.total, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        [-p * m.xx, 0.0, 0.0, p, 0.0, 0.0],
        [-q * m.yy, 0.0, 0.0, 0.0, q, 0.0],
        [-size / 2.0, 0.0, 0.0, size / (4.0 * m.xx), size / (4.0 * m.yy), 0.0],
        [0.0, 0.0, 0.0, -t * cross, t * cross, 2.0 * t * difference],
    ]
    sigmas = cut.sigmas(np.array(derivatives) / m.total).tolist()
    return dict(zip(_OF_MOMENTS, zip(found, sigmas, strict=True), strict=True))


def _peak(image: MeanImage, window: Window, background: Background) -> tuple[float, float]:
    """Return the largest value in a window, above background, and its sigma."""
    pixel = image.highest(window)
    seen, mean = image.seen(pixel), float(image.mean(pixel))
    valid = 1.0 if seen is None else float(seen)
    counted = mean / image.n_frames if image.variance is None else float(image.spread(pixel))
    variance = counted + background.excess * valid
    return (mean - background.level) * valid, math.sqrt(max(0.0, variance))


def _whole_sum(blocks: Blocks, background: Background) -> tuple[float, float]:
    total, counted, pixels = (float(each.sum()) for each in (blocks.signal, blocks.variance, blocks.pixels))
    counted += pixels * background.excess
    # two corners, 2 % of the pixels, may by chance have counted nothing: they are as noisy as the rest
    level = 0.0 if background.given else max(background.variance, counted / (0.02 * pixels**2))
    return total - pixels * background.level, math.sqrt(max(0.0, counted + pixels**2 * level))


def _health(shape: tuple[int, int], cut: Cut, m: Moments, peak: tuple[float, float]) -> Flags:
    flags = Flags.NONE
    if cut.pixels[0, 0] < cut.area:
        flags |= Flags.MASKED
    known = m.total > 3.0 * math.sqrt(max(0.0, float(cut.variance[0, 0])))
    if known and peak[0] > 0.5 * m.total:
        flags |= Flags.UNRESOLVED
    if m.finite and not (_holds(m.x, m.xx, shape[1]) and _holds(m.y, m.yy, shape[0])):
        flags |= Flags.CLIPPED
    return flags


def _holds(centre: float, second: float, length: int) -> bool:
    """Return whether three standard deviations to either side lie on the detector."""
    reach = 3.0 * math.sqrt(second)
    return centre - reach >= 0.0 and centre + reach <= length - 1


def _believable(values: Mapping[str, tuple[float, float]], shape: tuple[int, int]) -> bool:
    """Return whether the fields are those of a beam: it fits on the detector and its widths are known."""
    width, height = values["width_x"], values["width_y"]
    fits = width[0] < shape[1] and height[0] < shape[0]
    return fits and all(value > 3.0 * sigma for value, sigma in (width, height, values["sum"]))
