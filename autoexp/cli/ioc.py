"""A Scene's devices, served as EPICS process variables."""

import argparse

from autoexp import plugins
from autoexp.cli.options import Commands


def add_command(commands: Commands) -> None:
    """Add ``autoexp ioc``."""
    parser = commands.add_parser("ioc", help="serve a Scene's devices over EPICS Channel Access")
    parser.add_argument("scene", help="name of the Scene")
    parser.add_argument("--prefix", default="sim:", help="beginning of the variables' names (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="beamline seconds per second (default: %(default)s)")
    parser.add_argument(
        "--fault", action="append", default=[], help="a bad habit, as \"Backlash(0.2, device='v_pitch')\"; repeatable"
    )
    parser.add_argument("--interface", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--stream", metavar="NAME", help="publish frames over PVAccess too, under this name")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    plugins.load("services", "ioc")(
        options.scene,
        prefix=options.prefix,
        seed=options.seed,
        speed=options.speed,
        faults=options.fault,
        interface=options.interface,
        stream=options.stream,
    )
