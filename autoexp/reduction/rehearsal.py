"""Everything that a reducer does the first time, done before beam."""

from typing import Any

import torch

from autoexp.protocols import Reducer
from autoexp.reduction.records import FrameMeta, FrameSpec


def rehearse(reducer: Reducer[Any], spec: FrameSpec, *, batch: int = 1) -> None:
    """Reduce `batch` dark frames and forget them."""
    frames = torch.zeros((batch, *spec.shape), dtype=torch.int32)
    reducer.read(reducer.update(reducer.init(spec), frames, FrameMeta()))
