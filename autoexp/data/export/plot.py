"""What a run shows first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from autoexp.data.export.stored import PRIMARY, StoredRun, Stream
from autoexp.documents import SIGMA


@dataclass(frozen=True, slots=True)
class DefaultPlot:
    """Fields of ``primary``: what is drawn, over what, and what else was varied.

    Parameters
    ----------
    signal, sigma
        What is drawn, and its standard deviation; empty where it has none.
    axis
        What it is drawn over.
    others
        The other positions.
    """

    signal: str
    sigma: str
    axis: str
    others: tuple[str, ...]


def default_plot(run: StoredRun) -> DefaultPlot | None:
    """Return what is wanted, over where it was measured; None of a run without a number."""
    primary = run.streams.get(PRIMARY)
    if primary is None:
        return None
    positions = [name for name in _positions(run.start) if _is_number(primary, name)]
    signal = next((name for name in _wanted(run, primary) if name not in positions and _is_number(primary, name)), "")
    if not signal:
        return None
    sigma = signal + SIGMA if signal + SIGMA in primary.data else ""
    axis, *others = positions or ["time"]
    return DefaultPlot(signal, sigma, axis, tuple(others))


def _positions(start: Mapping[str, Any]) -> list[str]:
    settings = start.get("autoexp")
    if settings is not None:
        return [str(field) for field in settings["readbacks"].values()]
    dimensions = (start.get("hints") or {}).get("dimensions", ())
    return [str(field) for fields, stream in dimensions if stream == PRIMARY for field in fields if field != "time"]


def _wanted(run: StoredRun, primary: Stream) -> Iterable[str]:
    yield from (row["name"] for row in (run.start.get("autoexp") or {}).get("objectives", ()))
    measured = set(run.start.get("detectors", ()))
    yield from (name for name, key in primary.keys.items() if key.get("object_name") in measured)
    yield from primary.keys


def _is_number(stream: Stream, name: str) -> bool:
    return name in stream.data and stream.data[name].ndim == 1 and stream.data[name].dtype.kind in "iuf"
