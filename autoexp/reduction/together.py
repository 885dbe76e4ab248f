"""Several reducers over the same frames; together they are a reducer again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.protocols import Describes, Reducer, WarmsUp
from autoexp.reduction.merging import merged
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Together:
    """Reads the fields of several reducers.

    Parameters
    ----------
    reducers
        Each sees every frame; no two have a field of the same name.

    Raises
    ------
    ReductionError
        If there is none.
    """

    reducers: tuple[Reducer[Any], ...]

    def __post_init__(self) -> None:
        if not self.reducers:
            raise ReductionError("there must be one reducer or more, got none")

    @property
    def parts(self) -> tuple[Reducer[Any], ...]:
        """The reducers."""
        return self.reducers

    def init(self, spec: FrameSpec) -> tuple[Any, ...]:
        """Return their states before any frame."""
        return tuple(each.init(spec) for each in self.reducers)

    def update(self, state: tuple[Any, ...], frames: Tensor | Frames, meta: FrameMeta) -> tuple[Any, ...]:
        """Return their states after a batch, shape ``(n, y, x)``."""
        return tuple(each.update(own, frames, meta) for each, own in zip(self.reducers, state, strict=True))

    def read(self, state: tuple[Any, ...]) -> Mapping[str, Reduced]:
        """Return what each reads.

        Raises
        ------
        ReductionError
            If two have a field of one name.
        """
        readings = [each.read(own) for each, own in zip(self.reducers, state, strict=True)]
        twice = [name for name, count in Counter(name for each in readings for name in each).items() if count > 1]
        if twice:
            raise ReductionError(f"each field needs a name of its own, got twice {', '.join(twice)}")
        return {name: value for each in readings for name, value in each.items()}

    def merge(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
        """Join what two workers saw.

        Raises
        ------
        ReductionError
            If one of the reducers cannot.
        """
        return tuple(merged(each, *states) for each, *states in zip(self.reducers, a, b, strict=True))

    def warmup(self, spec: FrameSpec) -> None:
        """Have each warm up."""
        for each in self.reducers:
            if isinstance(each, WarmsUp):
                each.warmup(spec)

    def settings(self) -> Mapping[str, Any]:
        """Return the settings of each, in order."""
        return {f"{place}:{type(each).__name__}": _settings(each) for place, each in enumerate(self.reducers)}


@dataclass(frozen=True, slots=True, eq=False)
class LatestState(Generic[S]):
    """The state of a reducer that saw the latest batch alone.

    Parameters
    ----------
    spec
        Of the frames.
    inner
        That state.
    """

    spec: FrameSpec
    inner: S


@dataclass(frozen=True, slots=True)
class Latest(Generic[S]):
    """Forgets all but the latest batch, beside reducers that remember all.

    Unlike with other reducers it matters what is one batch; states do not merge.

    Parameters
    ----------
    reducer
        What it reads of that batch.
    """

    reducer: Reducer[S]

    def init(self, spec: FrameSpec) -> LatestState[S]:
        """Return the state before any frame."""
        return LatestState(spec, self.reducer.init(spec))

    def update(self, state: LatestState[S], frames: Tensor | Frames, meta: FrameMeta) -> LatestState[S]:
        """Return the state of one that saw only this batch, shape ``(n, y, x)``."""
        return replace(state, inner=self.reducer.update(self.reducer.init(state.spec), frames, meta))

    def read(self, state: LatestState[S]) -> Mapping[str, Reduced]:
        """Return what there is to read of the latest batch."""
        return self.reducer.read(state.inner)

    def warmup(self, spec: FrameSpec) -> None:
        """Have the reducer warm up."""
        if isinstance(self.reducer, WarmsUp):
            self.reducer.warmup(spec)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {type(self.reducer).__name__: _settings(self.reducer)}


def _settings(part: Any) -> Mapping[str, Any]:
    return part.settings() if isinstance(part, Describes) else {}
