"""From frames to rows: only the pixels of the bins, in float32, with zeros where there is no valid value."""

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.counts import highest_count
from autoexp.reduction.frames import lift
from autoexp.reduction.records import SENTINELS, Frames
from autoexp.reduction.xpcs.layout import Layout

_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
_SIGNED |= {signed: signed for signed in _SIGNED.values()}
"""The type of as many bits in which torch gathers and compares."""


def count(frames: Tensor | Frames, shape: tuple[int, int]) -> int:
    """Return how many frames there are.

    Raises
    ------
    ReductionError
        If they are not those of a detector of this shape.
    """
    given = tuple((frames.values if isinstance(frames, Frames) else frames).shape)
    if len(given) != 3 or given[1:] != shape:
        raise ReductionError(f"frames must be (n, {shape[0]}, {shape[1]}), got {given}")
    return given[0]


def part(frames: Tensor | Frames, span: slice) -> Tensor | Frames:
    """Return some of the frames, without their variances."""
    if not isinstance(frames, Frames):
        return frames[span]
    valid = frames.valid if frames.valid is None or frames.valid.ndim == 2 else frames.valid[span]
    return Frames(frames.values[span], None, valid)


def gather(layout: Layout, frames: Tensor | Frames, into: Tensor) -> Tensor | None:
    """Write frames, shape ``(n, y, x)``, into rows of places, and return where they are valid.

    Parameters
    ----------
    layout
        Of the places.
    frames
        Raw, or lifted before.
    into
        Float32, shape ``(n, places)``. Values are rounded to it: by a relative 6e-8, which no correlation shows.

    Returns
    -------
        Boolean, shape ``(n, places)``; None for every pixel.
    """
    if isinstance(frames, Frames):
        valid = None if frames.valid is None else _taken(layout, frames.valid.expand_as(frames.values).flatten(1))
        return _write(layout, _taken(layout, frames.values.flatten(1)), valid, into)
    raw = _taken(layout, frames.flatten(1))
    if highest_count(raw[:, None], raw.device) is not None:
        return _write(layout, raw, None, into)
    if raw.dtype in _SIGNED:
        return _write(layout, raw, _shown(raw), into)
    lifted = lift(raw[:, None], into.device)
    return _write(layout, lifted.values[:, 0], None if lifted.valid is None else lifted.valid[:, 0], into)


def _taken(layout: Layout, flat: Tensor) -> Tensor:
    """Return the places' pixels of each frame, shape ``(n, places)``, on the layout's device."""
    here = flat.to(layout.index.device)
    signed = here.view(_SIGNED[here.dtype]) if here.dtype in _SIGNED else here
    return torch.gather(signed, 1, layout.index.expand(len(flat), -1)).view(here.dtype)


def _shown(raw: Tensor) -> Tensor:
    """Return where whole numbers are no sentinels."""
    bounds, bits = torch.iinfo(raw.dtype), raw.view(_SIGNED[raw.dtype])
    valid = torch.ones(raw.shape, dtype=torch.bool, device=raw.device)
    for sentinel in SENTINELS:
        if bounds.min <= sentinel <= bounds.max:
            wrapped = sentinel if sentinel <= torch.iinfo(bits.dtype).max else sentinel - 2**bounds.bits
            valid &= bits != wrapped
    return valid


def _write(layout: Layout, values: Tensor, valid: Tensor | None, into: Tensor) -> Tensor | None:
    if valid is None:
        into.copy_(values).index_fill_(1, layout.left_over, 0.0)
        return None
    valid = valid & layout.used.bool()
    into.copy_(values).masked_fill_(~valid, 0.0)
    return valid
