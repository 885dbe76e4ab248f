"""Every document on disk before the plan goes on: one file of JSON lines for each run."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from autoexp.data.routing import Document, Router
from autoexp.errors import StoreError

_LINES, _ARRAYS, _DONE = ".jsonl", ".arrays", ".archived"
_ARRAY = "autoexp:array"
_INLINE = 16


class Journal:
    """Writes documents to a folder as they come.

    A document is with the operating system when the call returns, so it outlives the process. Arrays
    of more than a few elements are written beside the lines, as ``.npy`` files. The file of a run
    that is open is locked.

    Parameters
    ----------
    folder
        Where; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._router = Router()
        self._files: dict[str, IO[str]] = {}
        self._count = 0

    def __call__(self, name: str, document: Document) -> None:
        """Write one document.

        Raises
        ------
        StoreError
            If it cannot be written, for example because the disk is full.
        """
        run = self._router.run_of(name, document)
        if run is None or (name != "start" and run not in self._files):
            return
        try:
            file = self._open(run) if name == "start" else self._files[run]
            file.write(json.dumps([name, document], default=lambda value: self._encode(value, run)) + "\n")
            file.flush()
        except OSError as error:
            raise StoreError(f"a document must be on disk before the scan goes on, got {error}") from error
        if name == "stop":
            self._files.pop(run).close()

    def _open(self, run: str) -> IO[str]:
        file = (self._folder / f"{run}{_LINES}").open("a", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._files[run] = file
        return file

    def _encode(self, value: Any, run: str) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"a document must hold JSON or arrays, got {type(value).__name__}")
        if value.size <= _INLINE:
            return value.tolist()
        self._count += 1
        folder = self._folder / f"{run}{_ARRAYS}"
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{self._count:06d}.npy", value)
        return {_ARRAY: f"{folder.name}/{self._count:06d}.npy"}

    def close(self) -> None:
        """Close the files of runs that are still open."""
        for file in self._files.values():
            file.close()
        self._files.clear()


def mark_archived(folder: Path, run: str) -> None:
    """Note that the archive holds all documents of a run."""
    (folder / f"{run}{_DONE}").touch()


def unarchived_runs(folder: Path) -> list[str]:
    """Return the runs that no process writes and that the archive does not hold, oldest first."""
    files = sorted(folder.glob(f"*{_LINES}"), key=lambda path: path.stat().st_mtime)
    return [path.stem for path in files if not (folder / f"{path.stem}{_DONE}").exists() and not _locked(path)]


def _locked(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def journal_documents(folder: Path, run: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read a run's documents back, in the order in which they came.

    Parameters
    ----------
    folder
        Of the journal.
    run
        Uid of the run.

    Yields
    ------
    name, document
        A last line that a dying process left unfinished is no document.

    Raises
    ------
    StoreError
        If there is no such run.
    """
    path = folder / f"{run}{_LINES}"
    if not path.exists():
        raise StoreError(f"a run must be in the journal {str(folder)!r} to be read, got {run!r}")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                name, document = json.loads(line, object_hook=lambda value: _decode(value, folder))
                yield name, document


def _decode(value: Mapping[str, Any], folder: Path) -> Any:
    return np.load(folder / value[_ARRAY]) if set(value) == {_ARRAY} else value
