"""The commands and their options."""

import argparse
import sys
from collections.abc import Sequence

from autoexp import plugins
from autoexp.cli import bench, demo, export, ioc, kpi, replay, runs, schema, show
from autoexp.errors import AutoexpError

_COMMANDS = (
    bench,
    demo,
    export,
    ioc,
    kpi,
    replay,
    runs,
    schema,
    show,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
        Zero; one where autoexp refuses, with its reason on standard error.
    """
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except AutoexpError as error:
        print(f"autoexp: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    there_is = (
        f"scenes: {', '.join(plugins.names('scenes'))}. agents: {', '.join(plugins.names('agents'))}. "
        f"reducers: {', '.join(plugins.names('reducers'))}. plans: {', '.join(plugins.names('plans'))}."
    )
    parser = argparse.ArgumentParser(
        prog="autoexp", description="Self-driving experiments for synchrotron beamlines.", epilog=there_is
    )
    commands = parser.add_subparsers(title="commands", required=True)
    for module in _COMMANDS:
        module.add_command(commands)
    return parser
