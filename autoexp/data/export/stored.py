"""A stored run as labelled arrays: what every export is written from."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.data.reading import read_stream

if TYPE_CHECKING:
    import xarray as xr

PRIMARY = "primary"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a run.

    Parameters
    ----------
    data
        Its events along ``time``, in seconds since the epoch, with units.
    keys
        The data keys of its descriptor.
    configuration
        Of each device, by its name: setting to value.
    """

    data: "xr.Dataset"
    keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run: what was said at its start and its end, and its streams by name."""

    start: Mapping[str, Any]
    stop: Mapping[str, Any]
    streams: Mapping[str, Stream]

    @property
    def uid(self) -> str:
        """Of the run."""
        return str(self.start["uid"])

    def documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return the run as documents, in the order of their times, for `replay`, `resume` and `Inbox`."""
        yield "start", dict(self.start)
        for name, stream in self.streams.items():
            yield "descriptor", _descriptor(self.uid, name, stream)
        events = [event for name, stream in self.streams.items() for event in _events(self.uid, name, stream)]
        for event in sorted(events, key=lambda event: float(event["time"])):
            yield "event", event
        if self.stop:
            yield "stop", dict(self.stop)


def stored_run(run: Any, through: Callable[[list[str]], Iterable[str]] = iter) -> StoredRun:
    """Read a run of the Tiled client; ``store.run(uid)`` gives one.

    Parameters
    ----------
    run
        Adaptive or not.
    through
        Goes through the names of the streams; a progress bar, for example.
    """
    streams = {name: _stream(run[name]) for name in through([str(name) for name in run])}
    return StoredRun(dict(run.metadata["start"]), dict(run.metadata.get("stop") or {}), streams)


def _stream(found: Any) -> Stream:
    configuration = found.metadata.get("configuration") or {}
    told = {str(device): dict(settings.get("data", {})) for device, settings in configuration.items()}
    return Stream(read_stream(found), dict(found.metadata.get("data_keys", {})), told)


def _descriptor(uid: str, name: str, stream: Stream) -> dict[str, Any]:
    keys = {key: dict(value) for key, value in stream.keys.items() if key in stream.data}
    return {"uid": f"{uid}/{name}", "run_start": uid, "name": name, "data_keys": keys}


def _events(uid: str, name: str, stream: Stream) -> Iterator[dict[str, Any]]:
    columns = {str(key): stream.data[key].values for key in stream.data.data_vars}
    for row, time in enumerate(stream.data["time"].values):
        data = {key: _plain(values[row]) for key, values in columns.items()}
        yield {"descriptor": f"{uid}/{name}", "seq_num": row + 1, "time": float(time), "data": data}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
