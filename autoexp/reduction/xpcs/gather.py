"""From frames to rows: only the pixels of the bins, in float32, with zeros where there is no valid value."""

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.counts import highest_count
from autoexp.reduction.frames import lift
from autoexp.reduction.records import Frames
from autoexp.reduction.xpcs.layout import Layout

_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
"""For what torch does not gather: the type of as many bits that it does."""


def gathered(layout: Layout, frames: Tensor | Frames, shape: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
    """Return values, float32, shape ``(n, places)``, and where they are valid, boolean; None for every pixel.

    Values are rounded to float32 (a relative 6e-8), of which a correlation has a thousandth of a thousandth part.

    Raises
    ------
    ReductionError
        If the frames are of another shape than `shape`.
    """
    given = frames.values.shape if isinstance(frames, Frames) else frames.shape
    if tuple(given[1:]) != shape:
        raise ReductionError(f"frames must be {shape} as the detector is, got {tuple(given[1:])}")
    if not isinstance(frames, Frames):
        raw = _taken(layout, frames.reshape(len(frames), -1))
        if highest_count(raw[:, None], raw.device) is not None:
            return _cleared(raw.to(torch.float32), layout), None
        frames = lift(raw[:, None], layout.used.device)
        return _masked(layout, frames.values[:, 0], None if frames.valid is None else frames.valid[:, 0])
    values = _taken(layout, frames.values.flatten(1))
    valid = None if frames.valid is None else frames.valid.expand_as(frames.values).flatten(1)
    return _masked(layout, values, None if valid is None else _taken(layout, valid))


def _taken(layout: Layout, flat: Tensor) -> Tensor:
    """Return the places' pixels of each frame, shape ``(n, places)``, on the layout's device."""
    here = flat.to(layout.index.device)
    signed = here.view(_SIGNED[here.dtype]) if here.dtype in _SIGNED else here
    return torch.gather(signed, 1, layout.index.expand(len(flat), -1)).view(here.dtype)


def _masked(layout: Layout, values: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
    values = values.to(torch.float32)
    if valid is None:
        return _cleared(values, layout), None
    valid = valid & layout.used.bool()
    return torch.where(valid, values, 0.0), valid


def _cleared(values: Tensor, layout: Layout) -> Tensor:
    return values.index_fill_(1, layout.left_over, 0.0)
