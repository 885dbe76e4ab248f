"""The commands and their options."""

import argparse
import sys
from collections.abc import Sequence

from autoexp import plugins
from autoexp.errors import AutoexpError

DEFAULT_FOLDER = "autoexp-data"


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
    _add_demo(commands)
    _add_runs(commands)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="run a self-driving experiment on a simulated beamline")
    demo.add_argument("--scene", default="mirrors", help="registered name of the Scene (default: %(default)s)")
    demo.add_argument("--agent", default="bayesian", help="registered name of the agent (default: %(default)s)")
    demo.add_argument("--num", type=int, default=40, help="number of points (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, help="of the Scene and of the agent (default: %(default)s)")
    demo.add_argument("--speed", type=float, help="beamline seconds per second; as fast as possible if not given")
    demo.add_argument("--folder", default=DEFAULT_FOLDER, help="where data and the picture go (default: %(default)s)")
    demo.set_defaults(command=_demo)


def _add_runs(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    runs = commands.add_parser("runs", help="list the stored runs")
    runs.add_argument("--folder", default=DEFAULT_FOLDER, help="the store's folder (default: %(default)s)")
    runs.set_defaults(command=_runs)


def _demo(options: argparse.Namespace) -> None:
    from autoexp.cli.demo import DemoOptions, run_demo

    run_demo(DemoOptions(options.scene, options.agent, options.num, options.seed, options.speed, options.folder))


def _runs(options: argparse.Namespace) -> None:
    from autoexp.cli.runs import list_runs

    list_runs(options.folder)
