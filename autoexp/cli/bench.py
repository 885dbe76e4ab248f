"""Agents compared on a simulated beamline."""

import argparse

from autoexp.cli.options import Commands


def add_command(commands: Commands) -> None:
    """Add ``autoexp bench``."""
    parser = commands.add_parser("bench", help="compare agents on a simulated beamline")
    parser.add_argument(
        "--agents", default="sobol,random,bayesian", help="registered names, with commas (default: %(default)s)"
    )
    parser.add_argument("--scene", default="mirrors", help="registered name of the Scene (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=30, help="points of each scan (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="processes; 0 for none (default: one per core)")
    parser.add_argument("--out", default="autoexp-bench", help="where the files go (default: %(default)s)")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from autoexp.bench import compare

    agents = [name.strip() for name in options.agents.split(",") if name.strip()]
    found = compare(agents, options.scene, budget=options.budget, seeds=options.seeds, workers=options.workers)
    folder = found.save(options.out)
    print(f"{found}\n\nwritten: {', '.join(sorted(str(path) for path in folder.glob('comparison.*')))}")
