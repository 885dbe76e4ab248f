"""A detector whose readings are reduced values: frames stay on the worker, numbers enter the event."""

import inspect
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

import torch

from autoexp.errors import ReductionError
from autoexp.protocols import Reducer, WarmsUp
from autoexp.reduction import fields
from autoexp.reduction.fields import Documents
from autoexp.reduction.measurement import FutureStatus, Measurement, Memory
from autoexp.reduction.records import FrameMeta, FrameSpec, Reduced
from autoexp.reduction.sources import frame_shape, frame_source
from autoexp.reduction.upload import Upload
from autoexp.worker import Worker

_ANY_SHAPE = (16, 16)


class ReducedDetector:
    """A Bluesky Readable and Triggerable: a detector and a reducer.

    Each field of the reducer is read as ``{name}_{field}`` and its standard deviation as
    ``{name}_{field}_sigma``; ``{name}_flags`` is the word of `autoexp.reduction.Flags`. It reduces on
    its own thread. The status of a trigger is done when the values are there, and fails with
    whatever the detector or the reducer raised. Until then every value is NaN.

    Parameters
    ----------
    detector
        A classic ophyd or an ophyd-async detector; the latter needs a RunEngine.
    reducer
        Makes values of its frames.
    name
        Prefix of the fields; the detector's own name by default.
    device
        Where torch computes, for example ``"cuda:1"``; ``"auto"`` is a GPU where torch finds one.
    frames
        How many exposures make one reading.
    frame
        Where the frames come from, if not from the detector's `image`: a signal, the name of the
        detector's attribute, or a callable (a coroutine function too) that returns an array of
        shape ``(y, x)``, ``(n, y, x)``, or ``(x,)`` as from a spectrum.
    meta
        Called after each exposure for what is known of it.
    raw
        Whether the detector's own readings stand in the event too.
    shape
        Rows and columns of the frames, where known: the reducer then warms up when staged. Before the first frame
        fields are described for this shape, or for that which a classic ophyd signal tells, and for the exposure
        that `meta` tells.
    running
        Whether a reading is of all frames since it was staged, not of its own alone: the state is kept from
        trigger to trigger, as for a reconstruction that grows from point to point. Frames that were reduced before
        a trigger failed, or was superseded, are among them.

    Raises
    ------
    ReductionError
        If `frames` is below one, or there is nothing to take frames from.
    """

    parent = None

    def __init__(
        self,
        detector: Any,
        reducer: Reducer[Any],
        *,
        name: str | None = None,
        device: str = "auto",
        frames: int = 1,
        frame: Any = None,
        meta: Callable[[], FrameMeta] = FrameMeta,
        raw: bool = False,
        shape: tuple[int, int] | None = None,
        running: bool = False,
    ) -> None:
        if frames < 1:
            raise ReductionError(f"frames must be one or more, got {frames}")
        self.detector = detector
        self.reducer = reducer
        self.name: str = detector.name if name is None else name
        self.device = default_device() if device == "auto" else device
        self._upload = Upload(self.device)
        self._source = frame_source(detector, frame)
        self._look = partial(frame_shape, detector, frame)
        self._frames = frames
        self._meta = meta
        self._raw = raw
        self._shape = shape
        self._running = running
        self._worker = Worker("autoexp-reduce")
        self._current: Measurement | None = None
        self._memory = Memory()
        self._warming: Future[None] | None = None
        self._empty: Mapping[str, Reduced] | None = None

    def __repr__(self) -> str:
        return f"ReducedDetector({self.detector!r}, {self.reducer!r}, name={self.name!r})"

    def trigger(self) -> FutureStatus:
        """Expose, fetch and reduce; what an earlier trigger left under way is given up."""
        if self._warming is not None and self._warming.done():
            self._warming.result()
        self._give_up()
        memory = self._memory if self._running else Memory()
        self._current = Measurement(
            self.detector, self._source, self.reducer, self._upload, self._meta, self._worker, self._frames, memory
        )
        return self._current.start()

    def stage(self) -> Any:
        """Stage the detector, where it can be, forget earlier frames, and begin to warm up the reducer."""
        if self._running:
            self._give_up()
            self._current, self._memory = None, Memory()
        if self._shape is not None and isinstance(self.reducer, WarmsUp):
            self._warming = self._worker.submit(self.reducer.warmup, FrameSpec(self._shape, self.device))
        return self.detector.stage() if hasattr(self.detector, "stage") else [self]

    def unstage(self) -> Any:
        """End the worker, and unstage the detector, where it can be."""
        self.close()
        return self.detector.unstage() if hasattr(self.detector, "unstage") else [self]

    def close(self) -> None:
        """Give up what is under way and end the worker; the next trigger starts it again."""
        self._give_up()
        self._worker.close()

    def read(self) -> Any:
        """Return the latest values, and the detector's own where asked for; awaitable where those are."""
        return _joined(self.detector.read(), self._readings()) if self._raw else self._readings()

    def describe(self) -> Any:
        """Return the data keys of `read`."""
        return _joined(self.detector.describe(), self._data_keys()) if self._raw else self._data_keys()

    def read_configuration(self) -> Any:
        """Return the settings of the reducer and of the detector, and the axes of reduced arrays."""
        own = fields.configuration(self.name, self._values(), self._settings(), self._timestamp)
        return _joined(_configuration(self.detector, "read_configuration"), own)

    def describe_configuration(self) -> Any:
        """Return the data keys of `read_configuration`."""
        own = fields.configuration_keys(self.name, self._values(), self._settings(), self.reducer)
        return _joined(_configuration(self.detector, "describe_configuration"), own)

    @property
    def hints(self) -> dict[str, list[str]]:
        """The reduced numbers, as what is worth plotting."""
        return {"fields": fields.numbers(self.name, self._values())}

    @property
    def _timestamp(self) -> float:
        return self._current.timestamp if self._current is not None else 0.0

    def _give_up(self) -> None:
        if self._current is not None:
            self._current.give_up()

    def _values(self) -> Mapping[str, Reduced]:
        if self._current is not None and self._current.values is not None:
            return self._current.values
        if self._empty is None:
            exposure = math.nan if self._meta is FrameMeta else self._meta().exposure
            spec = FrameSpec(self._shape or self._look() or _ANY_SHAPE, exposure=exposure)
            self._empty = self.reducer.read(self.reducer.init(spec))
        return self._empty

    def _readings(self) -> Documents:
        return fields.readings(self.name, self._values(), self._timestamp)

    def _data_keys(self) -> Documents:
        return fields.data_keys(self.name, self._values(), self.reducer)

    def _settings(self) -> dict[str, str | int]:
        return fields.reducer_settings(self.reducer) | {"device": self.device, "frames": self._frames}


def default_device() -> str:
    """Return a GPU where torch finds one, else the CPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _configuration(detector: Any, method: str) -> Any:
    return getattr(detector, method)() if hasattr(detector, method) else {}


def _joined(theirs: Any, own: Documents) -> Any:
    """Return both, or a coroutine of both where the detector answers with one."""
    if not inspect.isawaitable(theirs):
        return {**theirs, **own}

    async def wait() -> Documents:
        return {**(await theirs), **own}

    return wait()
