"""From transmitted intensity to line integrals of attenuation, by the law of Lambert and Beer."""

import torch
from torch import Tensor

from autoexp.reduction.records import Frames


def line_integrals(frames: Frames, white: float = 1.0, air: int = 0) -> Frames:
    """Return ``-log(I / white)`` with its variance ``var(I) / I²``, float32; nowhere invalid that can be mended.

    Where there was no signal or a pixel is masked, the line integral is interpolated between the nearest valid
    columns of its row; a row without any is zero and invalid as a whole.

    Parameters
    ----------
    frames
        Shape ``(n, y, x)``.
    white
        Intensity without a sample.
    air
        Columns at each edge where no sample ever is: their mean is white then, frame by frame.
    """
    values = frames.values
    valid = values > 0 if frames.valid is None else frames.valid.expand_as(values) & (values > 0)
    reference = _air(values, valid, air)[:, None, None] if air else white
    whole = values.device.type == "cpu" and bool(valid.all())
    lit = values if whole else torch.where(valid, values, 1.0)
    lines = (lit / reference).log_().neg_().to(torch.float32)
    variance = (frames.variances / lit).div_(lit).to(torch.float32)
    if whole:
        return Frames(lines, variance)
    return Frames(_mended(lines, valid), _mended(variance, valid), valid)


def _air(values: Tensor, valid: Tensor, air: int) -> Tensor:
    edges = [torch.cat([each[..., :air], each[..., -air:]], -1) for each in (torch.where(valid, values, 0.0), valid)]
    return edges[0].sum((1, 2), dtype=torch.float64) / edges[1].sum((1, 2)).clamp(min=1)


def _mended(values: Tensor, valid: Tensor) -> Tensor:
    """Interpolate along rows what is not valid."""
    columns = values.shape[-1]
    place = torch.arange(columns, device=values.device).expand_as(values)
    left = torch.where(valid, place, -1).cummax(-1).values
    right = torch.where(valid, place, columns).flip(-1).cummin(-1).values.flip(-1)
    left, right = torch.where(left < 0, right, left), torch.where(right == columns, left, right)
    nothing = left == columns
    low, high = (values.gather(-1, each.clamp(0, columns - 1)) for each in (left, right))
    part = (place - left) / (right - left).clamp(min=1)
    return torch.where(valid, values, torch.where(nothing, 0.0, torch.lerp(low, high, part.to(values.dtype))))
