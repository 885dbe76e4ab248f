"""What the commands' options have in common."""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001

DEFAULT_FOLDER = "autoexp-data"


def add_folder(parser: argparse.ArgumentParser, what: str = "the store's folder") -> None:
    """Add the option ``--folder``."""
    parser.add_argument("--folder", default=DEFAULT_FOLDER, help=f"{what} (default: %(default)s)")
