"""A reducer's state as it grows, batch by batch, from the frames of a stream."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.protocols import Reducer
from autoexp.reduction.records import FrameMeta, FrameSpec, Reduced
from autoexp.reduction.sources import as_batch
from autoexp.reduction.upload import Upload
from autoexp.streams.buffer import Arrival

_ANY_SHAPE = (16, 16)


class Beginning:
    """The state before any frame, made once for each shape of frames and copied for each reading.

    Parameters
    ----------
    reducer
        Whose state it is.
    device
        Where torch computes.
    """

    def __init__(self, reducer: Reducer[Any], device: str = "cpu") -> None:
        self.reducer = reducer
        self.upload = Upload(device)
        self._spec: FrameSpec | None = None
        self._empty = b""

    def expect(self, shape: tuple[int, int], exposure: float) -> None:
        """Take frames for such, in rows and columns and in seconds, until others come; an exposure of NaN for any."""
        self._make(FrameSpec(shape, self.upload.device, exposure))

    def state(self, shape: tuple[int, int] | None = None) -> Any:
        """Return an empty state for frames of a shape; by default of the shape asked for last."""
        if self._spec is None:
            self._make(FrameSpec(shape or _ANY_SHAPE, self.upload.device))
        elif shape is not None and shape != self._spec.shape:
            self._make(replace(self._spec, shape=shape))
        return pickle.loads(self._empty)

    def _make(self, spec: FrameSpec) -> None:
        self._spec = spec
        self._empty = pickle.dumps(self.reducer.init(spec))


class Accumulator:
    """One reading in the making.

    Parameters
    ----------
    beginning
        Of its state.
    meta
        Called for each batch for what is known of it; the frames' coordinates are added.
    """

    def __init__(self, beginning: Beginning, meta: Callable[[], FrameMeta] = FrameMeta) -> None:
        self._beginning = beginning
        self._meta = meta
        self._state: Any = None
        self._flags = Flags.NONE

    def add(self, arrivals: Sequence[Arrival]) -> None:
        """Reduce a batch.

        Raises
        ------
        ReductionError
            If its frames are of several shapes.
        """
        batch = self._beginning.upload(as_batch(_stacked(arrivals)))
        if self._state is None:
            self._state = self._beginning.state((batch.shape[1], batch.shape[2]))
        meta = replace(self._meta(), coordinates=_coordinates(arrivals))
        self._state = self._beginning.reducer.update(self._state, batch, meta)
        if any(arrival.after_gap for arrival in arrivals):
            self._flags = Flags.FRAMES_LOST

    def read(self) -> Mapping[str, Reduced]:
        """Return the values so far."""
        state = self._beginning.state() if self._state is None else self._state
        fields = self._beginning.reducer.read(state)
        return {name: replace(value, flags=value.flags | self._flags) for name, value in fields.items()}


def _stacked(arrivals: Sequence[Arrival]) -> Any:
    frames = [np.atleast_2d(arrival.frame.values) for arrival in arrivals]
    shapes = {frame.shape for frame in frames}
    if len(shapes) > 1:
        raise ReductionError(f"frames of a stream must have one shape, got {sorted(shapes)}")
    return frames[0][None] if len(frames) == 1 else np.stack(frames)


def _coordinates(arrivals: Sequence[Arrival]) -> Mapping[str, torch.Tensor]:
    """Return what every frame of a batch tells, shape ``(n,)`` each."""
    told = [arrival.frame.coordinates for arrival in arrivals]
    names = [name for name in told[0] if all(name in each for each in told)]
    return {name: torch.tensor([each[name] for each in told], dtype=torch.float64) for name in names}
