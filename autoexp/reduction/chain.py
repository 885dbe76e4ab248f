"""Stages in front of a reducer; together they are a reducer again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.protocols import Describes, Reducer, WarmsUp
from autoexp.reduction.corrections import Gain
from autoexp.reduction.frames import lift
from autoexp.reduction.merging import merged
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced

S = TypeVar("S")


@runtime_checkable
class Stage(Protocol):
    """Changes frames, and their variances and masks with them."""

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the changed frames."""


@runtime_checkable
class ChecksShape(Protocol):
    """A stage that holds maps of the frame, and tells whether they fit."""

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Raise a `ReductionError` where frames of that shape, (y, x), do not fit."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainState(Generic[S]):
    """Stages on the device of the frames, and the state of the reducer behind them."""

    stages: tuple[Stage, ...]
    device: str
    inner: S


@dataclass(frozen=True, slots=True)
class Chain(Generic[S]):
    """A reducer that sees corrected frames.

    Parameters
    ----------
    stages
        Applied in this order.
    reducer
        Sees what comes out of the last.
    """

    stages: tuple[Stage, ...]
    reducer: Reducer[S]

    @property
    def parts(self) -> tuple[Reducer[S]]:
        """The reducer behind the stages."""
        return (self.reducer,)

    def init(self, spec: FrameSpec) -> ChainState[S]:
        """Return the state before any frame.

        Raises
        ------
        ReductionError
            If a map of a stage has another shape than the frames.
        """
        for stage in self.stages:
            if isinstance(stage, ChecksShape):
                stage.check_shape(spec.shape)
        stages = tuple(_on_device(stage, spec.device) for stage in self.stages)
        return ChainState(stages, spec.device, self.reducer.init(spec))

    def update(self, state: ChainState[S], frames: Tensor | Frames, meta: FrameMeta) -> ChainState[S]:
        """Return the state after a batch, shape ``(n, y, x)``."""
        lifted = lift(frames, state.device)
        for stage in state.stages:
            lifted = stage(lifted, meta)
        return replace(state, inner=self.reducer.update(state.inner, lifted, meta))

    def read(self, state: ChainState[S]) -> Mapping[str, Reduced]:
        """Return what the reducer behind the stages reads."""
        return self.reducer.read(state.inner)

    def merge(self, a: ChainState[S], b: ChainState[S]) -> ChainState[S]:
        """Join what two workers saw.

        Raises
        ------
        ReductionError
            If the reducer behind the stages cannot.
        """
        return replace(a, inner=merged(self.reducer, a.inner, b.inner))

    def warmup(self, spec: FrameSpec) -> None:
        """Compile and allocate before beam."""
        dark = Frames(torch.zeros((1, *spec.shape), device=spec.device))
        for stage in self.init(spec).stages:
            dark = stage(dark, FrameMeta())
        if isinstance(self.reducer, WarmsUp):
            self.reducer.warmup(spec)

    def settings(self) -> Mapping[str, Any]:
        """Return the settings of every part, in order."""
        parts: tuple[Any, ...] = (*self.stages, self.reducer)
        return {f"{place}:{type(part).__name__}": _settings(part) for place, part in enumerate(parts)}


def chain(*parts: Stage | Reducer[Any]) -> Chain[Any]:
    """Return stages and, as the last part, a reducer as one reducer.

    Raises
    ------
    ReductionError
        If the last part is no reducer, another is no stage, or a Gain is not the first.
    """
    if not parts or not isinstance(parts[-1], Reducer):
        raise ReductionError(f"a chain must end with a reducer, got {parts[-1] if parts else 'nothing'!r}")
    for place, stage in enumerate(parts[:-1]):
        if not callable(stage):
            raise ReductionError(f"a chain needs stages before its reducer, got {stage!r} at place {place}")
        if isinstance(stage, Gain) and place > 0:
            raise ReductionError(f"Gain must be the first stage, because it sets the noise model, got place {place}")
    return Chain(cast("tuple[Stage, ...]", parts[:-1]), parts[-1])


def _settings(part: Any) -> Mapping[str, Any]:
    return part.settings() if isinstance(part, Describes) else {}


def _on_device(stage: Stage, device: str) -> Stage:
    if not is_dataclass(stage):
        return stage
    tensors = {each.name: getattr(stage, each.name) for each in fields(stage)}
    moved = {name: value.to(device) for name, value in tensors.items() if isinstance(value, Tensor)}
    return cast("Stage", replace(cast("Any", stage), **moved))
