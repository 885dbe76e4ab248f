"""A detector whose readings are reduced values: frames stay on the worker, numbers enter the event."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import torch

from autoexp.errors import ReductionError
from autoexp.protocols import Describes, Reducer, WarmsUp
from autoexp.reduction.measurement import FutureStatus, Measurement
from autoexp.reduction.records import Axis, FloatArray, FrameMeta, FrameSpec, Reduced
from autoexp.reduction.sources import frame_source
from autoexp.worker import Worker

Documents = dict[str, dict[str, Any]]
"""Readings, or data keys, by field."""

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
        Rows and columns of the frames, where known: the reducer then warms up when staged.
    running
        Whether a reading is of all frames since it was staged, not of its own alone: the state is kept from
        trigger to trigger, as for a reconstruction that grows from point to point.

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
        self.device = _device() if device == "auto" else device
        self._source = frame_source(detector, frame)
        self._frames = frames
        self._meta = meta
        self._raw = raw
        self._shape = shape
        self._running = running
        self._worker = Worker("autoexp-reduce")
        self._current: Measurement | None = None
        self._warming: Future[None] | None = None
        self._empty: Mapping[str, Reduced] | None = None

    def __repr__(self) -> str:
        return f"ReducedDetector({self.detector!r}, {self.reducer!r}, name={self.name!r})"

    def trigger(self) -> FutureStatus:
        """Expose, fetch and reduce; what an earlier trigger left under way is given up."""
        if self._warming is not None and self._warming.done():
            self._warming.result()
        self._give_up()
        earlier = self._current.state if self._running and self._current is not None else None
        self._current = Measurement(
            self.detector, self._source, self.reducer, self.device, self._meta, self._worker, self._frames, earlier
        )
        return self._current.start()

    def stage(self) -> Any:
        """Stage the detector, where it can be, forget earlier frames, and begin to warm up the reducer."""
        if self._running:
            self._give_up()
            self._current = None
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
        stamp: dict[str, Any] = {"timestamp": self._timestamp}
        own: Documents = {key: {"value": value} | stamp for key, value in self._settings().items()}
        own |= {key: {"value": axis.values} | stamp for key, axis in self._axes()}
        return _joined(_configuration(self.detector, "read_configuration"), own)

    def describe_configuration(self) -> Any:
        """Return the data keys of `read_configuration`."""
        own = {key: self._setting_key(value) for key, value in self._settings().items()}
        own |= {key: self._array_key(axis.values, axis.unit) for key, axis in self._axes()}
        return _joined(_configuration(self.detector, "describe_configuration"), own)

    @property
    def hints(self) -> dict[str, list[str]]:
        """The reduced numbers, as what is worth plotting."""
        numbers = [field for field, reduced in self._values().items() if not reduced.dims]
        return {"fields": [f"{self.name}_{field}" for field in numbers]}

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
            self._empty = self.reducer.read(self.reducer.init(FrameSpec(self._shape or _ANY_SHAPE)))
        return self._empty

    def _readings(self) -> Documents:
        stamp: dict[str, Any] = {"timestamp": self._timestamp}
        readings: Documents = {}
        flags = 0
        for field, reduced in self._values().items():
            readings[f"{self.name}_{field}"] = {"value": _plain(reduced.value)} | stamp
            readings[f"{self.name}_{field}_sigma"] = {"value": _plain(reduced.sigma)} | stamp
            flags |= int(reduced.flags)
        return readings | {f"{self.name}_flags": {"value": flags} | stamp}

    def _data_keys(self) -> Documents:
        keys: Documents = {}
        for field, reduced in self._values().items():
            for suffix in ("", "_sigma"):
                keys[f"{self.name}_{field}{suffix}"] = self._array_key(reduced.value, reduced.unit, reduced.dims)
        flags = {"source": self._origin, "dtype": "integer", "dtype_numpy": "<i8", "shape": [], "units": ""}
        return keys | {f"{self.name}_flags": flags}

    @property
    def _origin(self) -> str:
        return f"reducer:{type(self.reducer).__name__}"

    def _array_key(self, value: FloatArray, unit: str, dims: tuple[str, ...] | None = None) -> dict[str, Any]:
        key = {"source": self._origin, "dtype": "array" if value.ndim else "number", "dtype_numpy": "<f8"}
        return key | {"shape": list(value.shape), "units": unit} | ({"dims": list(dims)} if dims else {})

    def _settings(self) -> dict[str, str | int]:
        told = dict(self.reducer.settings()) if isinstance(self.reducer, Describes) else {}
        settings: dict[str, str | int] = {"reducer": type(self.reducer).__name__, "settings": json.dumps(told)}
        settings |= {"device": self.device, "frames": self._frames}
        return {f"{self.name}_{key}": value for key, value in settings.items()}

    def _setting_key(self, value: str | int) -> dict[str, Any]:
        return {"source": self._origin, "dtype": "string" if isinstance(value, str) else "integer", "shape": []}

    def _axes(self) -> Iterator[tuple[str, Axis]]:
        for field, reduced in self._values().items():
            for dim, axis in reduced.axes.items():
                yield f"{self.name}_{field}_{dim}", axis


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _plain(value: FloatArray) -> float | FloatArray:
    return value if value.ndim else float(value)


def _configuration(detector: Any, method: str) -> Any:
    return getattr(detector, method)() if hasattr(detector, method) else {}


def _joined(theirs: Any, own: Documents) -> Any:
    """Return both, or a coroutine of both where the detector answers with one."""
    if not inspect.isawaitable(theirs):
        return {**theirs, **own}

    async def wait() -> Documents:
        return {**(await theirs), **own}

    return wait()
