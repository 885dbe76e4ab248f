"""Documents into the Tiled catalog, on a thread beside the plan's."""

import logging
import threading
import warnings
from pathlib import Path
from typing import Any

from autoexp.data.journal import journal_documents, mark_archived
from autoexp.data.routing import Document, Router
from autoexp.errors import StoreError, StoreWarning

_BATCH = 20
_FLUSH = "autoexp:flush"

logger = logging.getLogger(__name__)


class Archive:
    """Writes runs into a Tiled catalog, late but never in the plan's way.

    A run that cannot be written is left out and stays in the journal, from which it is recovered
    when the store is opened next.

    Parameters
    ----------
    client
        Of the catalog.
    journal
        The journal's folder.
    """

    def __init__(self, client: Any, journal: Path) -> None:
        from bluesky.callbacks.buffer import BufferingWrapper

        self._client = client
        self._journal = journal
        self._writer = _new_writer(client)
        self._router = Router()
        self._left_out: set[str] = set()
        self._buffer = BufferingWrapper(self._take)

    def __call__(self, name: str, document: Document) -> None:
        """Queue one document."""
        self._buffer(name, document)

    def flush(self, timeout: float) -> None:
        """Wait until all that was queued is written.

        Raises
        ------
        StoreError
            If it takes more than `timeout` seconds; nothing is lost by that.
        """
        done = threading.Event()
        self._buffer(_FLUSH, {"done": done})
        if not done.wait(timeout):
            raise StoreError(
                f"the archive must take all documents within {timeout} s, got some left; they are safe on disk"
            )

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._buffer.shutdown(wait=True)

    def _take(self, name: str, document: Document) -> None:
        if name == _FLUSH:
            document["done"].set()
            return
        run = self._router.run_of(name, document)
        if run is None or run in self._left_out:
            return
        try:
            self._writer(name, document)
            if name == "stop":
                mark_archived(self._journal, run)
        except Exception as error:
            self._left_out.add(run)
            logger.warning("run %s is in the journal but not in the archive: %s", run, error)

    def recover(self, run: str) -> None:
        """Write a run anew from the journal; one that nobody ended is closed as aborted."""
        if run in self._client:
            self._client.delete_contents(run, recursive=True, external_only=False)
        writer = _new_writer(self._client)
        for name, document in closed(list(journal_documents(self._journal, run))):
            writer(name, document)
        mark_archived(self._journal, run)


def _new_writer(client: Any) -> Any:
    from bluesky_tiled_plugins import TiledWriter

    return TiledWriter(client, batch_size=_BATCH)


def closed(documents: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Return a run's documents with a stop document, ``"abort"`` where there was none."""
    if not documents or documents[-1][0] == "stop":
        return documents
    streams = {document["uid"]: document["name"] for name, document in documents if name == "descriptor"}
    counts = dict.fromkeys(streams.values(), 0)
    times = [document["time"] for _, document in documents if "time" in document]
    for name, document in documents:
        if name == "event":
            counts[streams[document["descriptor"]]] += 1
    start = documents[0][1]
    stop = {
        "uid": f"{start['uid']}-stop",
        "run_start": start["uid"],
        "time": max(times),
        "exit_status": "abort",
        "reason": "the process that measured ended before the run did",
        "num_events": counts,
    }
    return [*documents, ("stop", stop)]


def recover_all(archive: Archive, runs: list[str]) -> None:
    """Recover runs, one after another; one that cannot be is left in the journal, with a warning."""
    for run in runs:
        try:
            archive.recover(run)
        except Exception as error:
            warnings.warn(f"run {run!r} stays in the journal: {error}", StoreWarning, stacklevel=3)
