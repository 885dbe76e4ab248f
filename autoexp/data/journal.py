"""Every document on disk before the plan goes on: one file of JSON lines for each run."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from autoexp.data.routing import Document, Router
from autoexp.errors import StoreError

_LINES, _ARRAYS, _DONE = ".jsonl", ".arrays", ".archived"
_FILE, _VALUES, _DTYPE = "autoexp:file", "autoexp:values", "autoexp:dtype"
_INLINE = 16


class Journal:
    """Writes documents to a folder as they come.

    A document is with the operating system when the call returns, so it outlives the process. Arrays
    of more than a few elements are written beside the lines, as ``.npy`` files. The file of a run
    is locked until the run is released.

    Parameters
    ----------
    folder
        Where; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._router = Router()
        self._files: dict[str, int] = {}
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
            if name == "start":
                self._files[run] = _locked(self.folder / f"{run}{_LINES}")
            line = json.dumps([name, document], default=lambda value: self._encode(value, run)) + "\n"
            _append(self._files[run], line.encode())
        except OSError as error:
            raise StoreError(f"a document must be on disk before the scan goes on, got {error}") from error

    def _encode(self, value: Any, run: str) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"a document must hold JSON or arrays, got {type(value).__name__}")
        if value.size <= _INLINE:
            return {_VALUES: value.tolist(), _DTYPE: value.dtype.str}
        self._count += 1
        folder = self.folder / f"{run}{_ARRAYS}"
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{self._count:06d}.npy", value)
        return {_FILE: f"{folder.name}/{self._count:06d}.npy"}

    def release(self, run: str) -> None:
        """Close the file of a run."""
        file = self._files.pop(run, None)
        if file is not None:
            os.close(file)

    def close(self) -> None:
        """Release all runs."""
        for run in list(self._files):
            self.release(run)


def _locked(path: Path) -> int:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _append(file: int, line: bytes) -> None:
    """Write a whole line or nothing."""
    size = os.fstat(file).st_size
    try:
        rest = line
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        os.ftruncate(file, size)
        raise


def journal_runs(folder: Path, beginning: str) -> list[str]:
    """Return the runs in a journal whose uids begin so."""
    return sorted(path.stem for path in folder.glob(f"*{_LINES}") if path.stem.startswith(beginning))


def mark_archived(folder: Path, run: str, where: str) -> None:
    """Note that the archive at a location holds all documents of a run."""
    with (folder / f"{run}{_DONE}").open("a", encoding="utf-8") as file:
        file.write(f"{where}\n")


def _archived(folder: Path, run: str, where: str) -> bool:
    try:
        return where in (folder / f"{run}{_DONE}").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False


def unarchived_runs(folder: Path, where: str) -> list[str]:
    """Return the runs that the archive at a location does not hold, oldest first."""
    files = sorted(folder.glob(f"*{_LINES}"), key=lambda path: path.stat().st_mtime)
    return [path.stem for path in files if not _archived(folder, path.stem, where)]


@contextmanager
def claimed(folder: Path, run: str, where: str) -> Iterator[bool]:
    """Hold a run's file, so that no other process writes or recovers the run meanwhile.

    Yields
    ------
    bool
        Whether the run is ours, and still not in the archive at that location.
    """
    try:
        file = _locked(folder / f"{run}{_LINES}")
    except BlockingIOError:
        yield False
        return
    try:
        yield not _archived(folder, run, where)
    finally:
        os.close(file)


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
    if _FILE in value:
        return np.load(folder / value[_FILE])
    return np.array(value[_VALUES], dtype=value[_DTYPE]) if _VALUES in value else value
