"""The store: one line subscribes it, two lines read a run back."""

import os
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from autoexp.data.archive import Archive
from autoexp.data.catalog import Catalog, Embedded
from autoexp.data.closing import closed
from autoexp.data.journal import Journal, journal_documents, journal_runs
from autoexp.data.reading import read_stream
from autoexp.data.routing import Document
from autoexp.data.server import Server, ServerAwayError
from autoexp.data.table import RunRow, RunTable
from autoexp.errors import StoreError, StoreWarning, listed

if TYPE_CHECKING:
    import xarray as xr

_DRAIN = 120.0


class Store:
    """A persistent store of runs in a folder; see `open_store`.

    Subscribe it to a RunEngine: it takes every document of every run.

    Parameters
    ----------
    folder
        Holds the journal.
    catalog
        Holds the archive.
    """

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.folder = folder
        self._journal = Journal(folder / "journal")
        self._catalog = catalog
        self._archive = Archive(catalog, self._journal)
        try:
            self._archive.recover()
        except BaseException:
            self.close()
            raise

    @property
    def catalog(self) -> Any:
        """The databroker client of the archive.

        Raises
        ------
        StoreError
            While a server that holds it does not answer.
        """
        return self._catalog.client()

    def __call__(self, name: str, document: Document) -> None:
        """Take one document: it is on disk when this returns, and in the archive soon.

        Raises
        ------
        StoreError
            If it cannot be written to disk.
        """
        self._journal(name, document)
        self._archive(name, document)

    def flush(self, timeout: float = _DRAIN) -> None:
        """Wait until the archive holds every document taken so far.

        Raises
        ------
        StoreError
            If it takes more than `timeout` seconds.
        """
        self._archive.flush(timeout)

    def run(self, uid: str) -> Any:
        """Return a run of the databroker client, by its uid or the beginning of it.

        Raises
        ------
        StoreError
            If none, or more than one, has that uid.
        """
        self.flush()
        found = [key for key in self.catalog if str(key).startswith(uid)]
        if len(found) != 1:
            raise StoreError(f"a uid must begin that of one run, got {uid!r}, which begins {listed(found)}")
        return self.catalog[found[0]]

    def read(self, uid: str, stream: str = "primary") -> "xr.Dataset":
        """Return a stream of a run: its events along ``time``, with units.

        Parameters
        ----------
        uid
            Of the run, or the beginning of it.
        stream
            ``"primary"`` for what was measured, ``"decisions"`` for why.

        Raises
        ------
        StoreError
            If there is no such run or stream.
        """
        run = self.run(uid)
        if stream not in run:
            raise StoreError(f"a stream of the run must be one of {listed(run)}, got {stream!r}")
        return read_stream(run[stream])

    def documents(self, uid: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the documents of a run in the order in which they came, for `replay` and `resume`.

        Raises
        ------
        StoreError
            If none, or more than one, has that uid.
        """
        found = journal_runs(self._journal.folder, uid)
        if len(found) != 1:
            raise StoreError(f"a uid must begin that of one run, got {uid!r}, which begins {listed(found)}")
        return closed(list(journal_documents(self._journal.folder, found[0])))

    def search(self, **metadata: Any) -> RunTable:
        """Return the runs whose start documents hold these values, oldest first.

        Examples
        --------
        ``store.search(sample="gold", plan_name="adaptive_scan")``
        """
        from tiled.queries import Key

        self.flush()
        found = self.catalog
        for key, value in metadata.items():
            found = found.search(Key(f"start.{key.replace('__', '.')}") == value)
        rows = [RunRow.of(run) for run in found.values()]
        return RunTable(tuple(sorted(rows, key=lambda row: row.time)))

    def runs(self) -> RunTable:
        """Return all runs, oldest first."""
        return self.search()

    def close(self) -> None:
        """Write what is queued, end the thread and close the files."""
        self._archive.close()
        self._journal.close()
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(folder: str | Path, server: str | None = None, api_key: str | None = None) -> Store:
    """Open the store in a folder, or make it.

    Runs of a process that died are recovered: what it had measured becomes readable, and a run that
    it could not end is closed as aborted.

    Parameters
    ----------
    folder
        Holds the journal and, unless there is a server, the catalog and the arrays.
    server
        A Tiled server that is the archive, such as ``"http://archive:8000"``; by default what the environment
        variable ``AUTOEXP_TILED_URI`` holds, and where there is none, the archive is in the folder. A server
        may be away, at any time: runs are kept in the journal and written when it is back.
    api_key
        Of the server; by default what ``TILED_API_KEY`` holds.

    Raises
    ------
    StoreError
        If there is a file, or a folder of something else, in its place, or a server refuses.

    Warns
    -----
    StoreWarning
        If the server does not answer now.

    Examples
    --------
    ``RE.subscribe(store := open_store("autoexp-data"))``, and afterwards ``store.read(uid)``.
    """
    path = Path(folder).expanduser().resolve()
    if path.exists() and not path.is_dir():
        raise StoreError(f"a store must be a folder, got the file {str(path)!r}")
    uri = server or os.environ.get("AUTOEXP_TILED_URI")
    return Store(path, _reached(Server(uri, api_key)) if uri else Embedded(path / "catalog"))


def _reached(server: Server) -> Server:
    try:
        server.client()
    except ServerAwayError as error:
        warnings.warn(f"{error}; runs are kept on disk until it does", StoreWarning, stacklevel=3)
    return server
