"""Where a reduced detector takes its frames from, and how they become tensors."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError

FrameSource = Callable[[], Any | Awaitable[Any]]
"""Returns the latest frame as an array, at once or as an awaitable."""


def frame_source(detector: Any, frame: Any = None) -> FrameSource:
    """Return what fetches the detector's latest frame.

    Parameters
    ----------
    detector
        A classic ophyd or an ophyd-async detector.
    frame
        A signal of either kind, a callable, or the name of the detector's attribute; its `image` by
        default.

    Raises
    ------
    ReductionError
        If the detector has no such attribute, or that gives no frames.
    """
    if frame is None or isinstance(frame, str):
        attribute = frame or "image"
        if isinstance(getattr(type(detector), attribute, None), property):
            return lambda: getattr(detector, attribute)
        frame = getattr(detector, attribute, None)
        if frame is None:
            raise ReductionError(f"frames come from a signal, got no {attribute!r} in {detector.name!r}; give frame=")
    for method in ("get_value", "get"):
        if hasattr(frame, method):
            return getattr(frame, method)  # type: ignore[no-any-return]
    if not callable(frame):
        raise ReductionError(f"frame must be a signal, a callable or an attribute's name, got {frame!r}")
    return frame  # type: ignore[no-any-return]


def frame_shape(detector: Any, frame: Any = None) -> tuple[int, int] | None:
    """Return rows and columns of the detector's frames, as its signal describes them before there is one.

    Parameters
    ----------
    detector, frame
        As for `frame_source`.

    Returns
    -------
        None where no signal tells at once: of an ophyd-async one, a callable, or one that is not connected.
    """
    signal: Any = getattr(detector, frame or "image", None) if frame is None or isinstance(frame, str) else frame
    if not hasattr(signal, "describe") or inspect.iscoroutinefunction(signal.describe):
        return None
    try:
        shape = [int(length) for key in signal.describe().values() for length in key["shape"]]
    except TimeoutError:
        return None
    rows, columns = [1, 1, *shape][-2:]
    return (rows, columns) if shape and min(shape) > 0 else None


def as_batch(array: Any) -> Tensor:
    """Return an array as a batch of frames, shape ``(n, y, x)``.

    Parameters
    ----------
    array
        Shape ``(n, y, x)``, ``(y, x)``, or ``(x,)`` as from a spectrum.

    Raises
    ------
    ReductionError
        If it has another number of dimensions, or holds no real numbers.
    """
    found = np.asarray(array)
    if found.dtype.kind not in "buif" or not 1 <= found.ndim <= 3:
        raise ReductionError(f"a frame must hold real numbers in (y, x), got {found.dtype} of shape {found.shape}")
    native = found.dtype.newbyteorder("=")
    if native.kind == "b":
        native = np.dtype(np.uint8)
    elif native.itemsize > 8:
        native = np.dtype(np.float64)
    usable = np.require(found.astype(native, copy=False), requirements=["C", "W"])
    return torch.from_numpy(usable.reshape((1,) * (3 - usable.ndim) + usable.shape))
