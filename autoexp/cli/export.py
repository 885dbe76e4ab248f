"""A stored run as a file for others."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autoexp.cli.options import Commands, add_folder
from autoexp.errors import StoreError

_ENDINGS = {"nexus": ".nxs", "ro-crate": "-crate", "netcdf": ".nc"}


def add_command(commands: Commands) -> None:
    """Add ``autoexp export``."""
    parser = commands.add_parser("export", help="write a stored run as a file for others")
    parser.add_argument("uid", help="of the run, or the beginning of it")
    parser.add_argument("--to", choices=tuple(_ENDINGS), default="nexus", help="the form (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="a new file or folder (default: named by the uid)")
    add_folder(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    print(export_run(options.folder, options.uid, options.to, options.output))


def export_run(folder: str, uid: str, to: str, output: Path | None = None) -> Path:
    """Write a run of the store in `folder`, and show on a terminal how far it is.

    Raises
    ------
    StoreError
        If there is no store, or no such run.
    ExportError
        If the file exists, or cannot be written.
    """
    from autoexp.data import open_store
    from autoexp.data.export import stored_run, write_netcdf, write_nexus, write_ro_crate

    if not Path(folder).is_dir():
        raise StoreError(f"a store must be a folder, got {folder!r}")
    write = {"nexus": write_nexus, "ro-crate": write_ro_crate, "netcdf": write_netcdf}[to]
    with open_store(folder) as store:
        run = stored_run(store.run(uid), _shown)
    return write(run, output or Path(f"{run.uid[:8]}{_ENDINGS[to]}"))


def _shown(names: list[str]) -> Iterator[Any]:
    from tqdm import tqdm

    return iter(tqdm(names, desc="reading", unit="stream", disable=not sys.stderr.isatty()))
