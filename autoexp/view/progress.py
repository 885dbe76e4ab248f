"""A progress bar that reads the documents of a self-driving scan."""

import math
from collections.abc import Mapping
from typing import Any

from tqdm.auto import tqdm


class ProgressBar:
    """Shows points, the best value so far, beam time used and seconds to go.

    Subscribe it to a RunEngine. The best value so far is the best measured one, noise included:
    a sign of life, not the answer.

    Parameters
    ----------
    **settings
        Handed to `tqdm.auto.tqdm`.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._bar: Any = None
        self._objective: Mapping[str, Any] = {}
        self._best = math.nan
        self._units: dict[str, str] = {}
        self._streams: dict[str, str] = {}

    def __call__(self, name: str, document: Mapping[str, Any]) -> None:
        """Take one document."""
        if name == "start" and "autoexp" in document:
            self._begin(document)
        elif self._bar is None:
            return
        elif name == "descriptor":
            self._streams[document["uid"]] = document["name"]
            self._units.update({field: key.get("units", "") for field, key in document["data_keys"].items()})
        elif name == "event" and self._streams.get(document["descriptor"]) == "primary":
            self._count(document["data"])
        elif name == "stop":
            self._bar.close()
            self._bar = None

    def _begin(self, start: Mapping[str, Any]) -> None:
        self._objective = start["autoexp"]["objectives"][0]
        self._best, self._units, self._streams = math.nan, {}, {}
        self._bar = tqdm(total=start.get("num_points"), unit="point", **self._settings)

    def _count(self, data: Mapping[str, Any]) -> None:
        name = self._objective["name"]
        value = float(data.get(name, math.nan))
        if not math.isnan(value) and not _rank(self._objective, value) >= _rank(self._objective, self._best):
            self._best = value
        best = f"{name} {self._best:.4g} {self._units.get(name) or ''}".rstrip()
        self._bar.set_postfix_str(f"best {best}, beam time {data.get('beam_time', math.nan):.0f} s", refresh=False)
        self._bar.update()


def _rank(objective: Mapping[str, Any], value: float) -> float:
    """Return a number that is lower for a better value."""
    if objective["kind"] == "Maximize":
        return -value
    if objective["kind"] == "Target":
        return abs(value - float(objective["value"]))
    return value
