"""The key figures of stored runs."""

import argparse
from pathlib import Path

from autoexp.cli.options import Commands, add_folder


def add_command(commands: Commands) -> None:
    """Add ``autoexp kpi``."""
    parser = commands.add_parser("kpi", help="print and draw the key figures of stored runs")
    parser.add_argument("uids", nargs="*", metavar="UID", help="of a run, or its beginning (default: all runs)")
    parser.add_argument("--picture", help="where to draw them (default: kpi.png in the store's folder)")
    add_folder(parser)
    parser.set_defaults(command=_kpi)


def _kpi(options: argparse.Namespace) -> None:
    from autoexp.data import open_store
    from autoexp.data.kpi import kpi, kpi_table
    from autoexp.errors import AutoexpError
    from autoexp.view.kpi import draw_kpis

    rows, refused = [], []
    with open_store(options.folder) as store:
        for uid in options.uids or [row.uid for row in store.runs()]:
            try:
                rows.append(kpi((store, uid)))
            except AutoexpError as error:
                if options.uids:
                    raise
                refused.append(f"{uid[:8]} left out: {error}")
    print("\n".join([kpi_table(rows), *refused]))
    if rows:
        picture = Path(options.picture or Path(options.folder) / "kpi.png")
        draw_kpis(rows, picture)
        print(f"\npicture  {picture}")
