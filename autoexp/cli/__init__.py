"""The command line: ``autoexp``."""

from autoexp.cli.main import main

__all__ = ["main"]
