"""The stored runs, one to a line."""

import argparse
from pathlib import Path

from autoexp.cli.options import Commands, add_folder
from autoexp.errors import StoreError


def add_command(commands: Commands) -> None:
    """Add ``autoexp runs``."""
    parser = commands.add_parser("runs", help="list the stored runs")
    add_folder(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    list_runs(options.folder)


def list_runs(folder: str) -> None:
    """Print the runs of the store in `folder`, newest last.

    Raises
    ------
    StoreError
        If there is no store.
    """
    from autoexp.data import open_store

    if not Path(folder).is_dir():
        raise StoreError(f"a store must be a folder, got {folder!r}")
    with open_store(folder) as store:
        print(store.runs())
