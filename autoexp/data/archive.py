"""Documents into the Tiled catalog, on a thread beside the plan's."""

import logging
import threading
import warnings
from collections.abc import Callable

from autoexp.data.catalog import Catalog
from autoexp.data.closing import closed
from autoexp.data.journal import Journal, claimed, journal_documents, mark_archived, unarchived_runs
from autoexp.data.routing import Document, Router
from autoexp.data.typed import Typed
from autoexp.errors import StoreError, StoreWarning

_BATCH = 20
_FLUSH = "autoexp:flush"

logger = logging.getLogger(__name__)


class Archive:
    """Writes runs into a Tiled catalog, late but never in the plan's way.

    A run that cannot be written as it comes is written anew from the journal when it has ended; if
    that is in vain too, at the next opportunity, at the latest when the store is opened next.

    Parameters
    ----------
    catalog
        Where they are written.
    journal
        Holds every document that is queued here.
    """

    def __init__(self, catalog: Catalog, journal: Journal) -> None:
        from bluesky.callbacks.buffer import BufferingWrapper

        self._catalog = catalog
        self._journal = journal
        self._router = Router()
        self._writers: dict[str, RunWriter] = {}
        self._late: set[str] = set()
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
        """Write what is queued and end the thread; warn of runs that are in the journal only."""
        self._buffer(_FLUSH, {"done": threading.Event()})
        self._buffer.shutdown(wait=True)
        for run in sorted(self._late):
            warnings.warn(f"run {run!r} is safe on disk but not yet in the archive", StoreWarning, stacklevel=3)

    def recover(self) -> None:
        """Write anew the runs that a process before left unfinished; one without an end is closed as aborted."""
        where = self._catalog.location
        for run in unarchived_runs(self._journal.folder, where):
            with claimed(self._journal.folder, run, where) as ours:
                if ours and not self._rewrite(run):
                    warnings.warn(f"run {run!r} is safe on disk but not yet in the archive", StoreWarning, stacklevel=4)

    def _take(self, name: str, document: Document) -> None:
        if name == _FLUSH:
            self._catch_up()
            document["done"].set()
            return
        run = self._router.run_of(name, document)
        if name == "start" and run is not None:
            self._writers[run] = RunWriter(self._catalog)
        if run not in self._writers:
            return
        self._writers[run](name, document)
        if name == "stop":
            self._end(run)

    def _end(self, run: str) -> None:
        if self._writers.pop(run).failed:
            self._late.add(run)
            self._catch_up()
        else:
            self._settle(run)

    def _catch_up(self) -> None:
        for run in sorted(self._late):
            if not self._rewrite(run):
                return
            self._late.remove(run)
            self._journal.release(run)

    def _settle(self, run: str) -> None:
        mark_archived(self._journal.folder, run, self._catalog.location)
        self._journal.release(run)

    def _rewrite(self, run: str) -> bool:
        """Write a run from the journal, in place of what the archive has of it; whether it succeeded."""
        try:
            self._catalog.remove(run)
            documents = closed(list(journal_documents(self._journal.folder, run)))
        except Exception as error:
            logger.warning("run %s cannot be written anew into the archive: %s", run, error)
            return False
        writer = RunWriter(self._catalog)
        for name, document in documents:
            writer(name, document)
        if not writer.failed:
            mark_archived(self._journal.folder, run, self._catalog.location)
        return not writer.failed


class RunWriter:
    """Writes the documents of one run into the catalog, until it fails.

    Parameters
    ----------
    catalog
        Where it is written.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._write: Callable[[str, Document], None] | None = None
        self._typed = Typed()
        self.failed = False

    def __call__(self, name: str, document: Document) -> None:
        """Write one document, unless one before could not be written."""
        if self.failed:
            return
        try:
            write = self._write = self._write or self._writer()
            for item in self._typed(name, document):
                write(*item)
        except Exception as error:
            self.failed = True
            logger.warning("a %s document cannot be written into the archive: %s", name, error)

    def _writer(self) -> Callable[[str, Document], None]:
        from bluesky_tiled_plugins import TiledWriter

        # a table in SQL holds no lists, so that arrays of any length stand beside it
        writer: Callable[[str, Document], None] = TiledWriter(
            self._catalog.client(), batch_size=_BATCH, max_array_size=0
        )
        return writer
