"""A stored run's decisions, taken again."""

import argparse

from autoexp.cli.options import Commands, add_folder


def add_command(commands: Commands) -> None:
    """Add ``autoexp replay``."""
    parser = commands.add_parser("replay", help="take a stored run's decisions again")
    parser.add_argument("uid", help="the run's uid, or the beginning of it")
    parser.add_argument("--agent", help="what another agent would have chosen (default: the recorded one)")
    parser.add_argument("--own-models", action="store_true", help="fit anew even where the run thought ahead")
    add_folder(parser)
    parser.set_defaults(command=_replay)


def _replay(options: argparse.Namespace) -> None:
    from autoexp.data import open_store, replay

    with open_store(options.folder) as store:
        report = replay((store, options.uid), options.agent, models=False if options.own_models else None)
    print(report)
    print(report.table())
