"""The form of metadata, as JSON Schema."""

import argparse

from autoexp.cli.options import Commands


def add_command(commands: Commands) -> None:
    """Add ``autoexp schema``."""
    parser = commands.add_parser("schema", help="print the form of a run's metadata as JSON Schema")
    parser.set_defaults(command=_run)


def _run(_: argparse.Namespace) -> None:
    from autoexp.data.metadata import json_schema

    print(json_schema())
