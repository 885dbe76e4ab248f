"""Files that are there whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autoexp.errors import ExportError


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `path` when all went well.

    Raises
    ------
    ExportError
        If `path` exists, or its folder does not, or it cannot be written.
    """
    wanted = Path(path)
    if wanted.exists():
        raise ExportError(f"an export must be a new file, got {str(wanted)!r}, which exists")
    if not wanted.parent.is_dir():
        raise ExportError(f"an export must lie in a folder that exists, got {str(wanted)!r}")
    part = wanted.with_name(f".{wanted.name}.part")
    try:
        yield part
        part.replace(wanted)
    except OSError as error:
        raise ExportError(f"an export must be writable, got {str(wanted)!r}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes `path` when all went well; as `new_file`."""
    wanted = Path(path)
    if wanted.exists():
        raise ExportError(f"an export must be a new folder, got {str(wanted)!r}, which exists")
    if not wanted.parent.is_dir():
        raise ExportError(f"an export must lie in a folder that exists, got {str(wanted)!r}")
    part = wanted.with_name(f".{wanted.name}.part")
    try:
        part.mkdir()
        yield part
        part.replace(wanted)
    except OSError as error:
        raise ExportError(f"an export must be writable, got {str(wanted)!r}: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
