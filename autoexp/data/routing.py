"""Which run a document belongs to."""

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]


class Router:
    """Tells the run of each document of a stream in which several runs may be open."""

    def __init__(self) -> None:
        self._runs: dict[str, str] = {}

    def run_of(self, name: str, document: Document) -> str | None:
        """Return the uid of the run; None for a document of a run that was never started here."""
        if name == "start":
            return str(document["uid"])
        if name in ("descriptor", "stop", "stream_resource", "resource"):
            run = str(document.get("run_start", ""))
            self._runs[str(document["uid"])] = run
            return run or None
        for reference in ("descriptor", "stream_resource", "resource"):
            if reference in document:
                return self._runs.get(str(document[reference]))
        return None
