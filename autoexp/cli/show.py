"""One stored run in words."""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoexp.cli.options import Commands, add_folder
from autoexp.errors import StoreError

if TYPE_CHECKING:
    from autoexp.data.export import StoredRun

_BETTER = {"Maximize": max, "Minimize": min}


def add_command(commands: Commands) -> None:
    """Add ``autoexp show``."""
    parser = commands.add_parser("show", help="say what a stored run did, for whom, and what came of it")
    parser.add_argument("uid", help="of the run, or the beginning of it")
    add_folder(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from autoexp.data import open_store
    from autoexp.data.export import stored_run

    if not Path(options.folder).is_dir():
        raise StoreError(f"a store must be a folder, got {options.folder!r}")
    with open_store(options.folder) as store:
        run = stored_run(store.run(options.uid))
    for what, said in described(run):
        print(f"{what:12}  {said}")


def described(run: "StoredRun") -> Iterator[tuple[str, str]]:
    """Return what there is to say of a run, as pairs of a heading and a line."""
    start, stop, settings = run.start, run.stop, run.start.get("autoexp")
    yield "run", run.uid
    yield "began", datetime.fromtimestamp(float(start["time"])).strftime("%Y-%m-%d %H:%M:%S")
    yield "ended", " ".join(filter(None, (str(stop.get("exit_status", "not yet")), str(stop.get("reason", "")))))
    yield "plan", str(start.get("plan_name", "not recorded"))
    yield "people", ", ".join(_people(start)) or "not recorded"
    yield "sample", _name(start.get("sample"))
    yield "events", ", ".join(f"{stream.data.sizes['time']} {name}" for name, stream in run.streams.items())
    if settings is not None:
        yield "agent", str(settings["agent"]["name"])
        for dof in settings["space"]:
            yield "Dof", _dof(dof)
        for objective in settings["objectives"]:
            yield "wanted", " ".join(str(value) for value in objective.values())
        yield from _best(run, settings)
        yield from _decisions(run)


def _dof(told: Mapping[str, Any]) -> str:
    choices, unit = told.get("choices"), told.get("unit", "")
    allowed = f"{told['low']:g} to {told['high']:g}" if not choices else "one of " + ", ".join(map(str, choices))
    whole = ", integer" if told.get("integer") else ""
    speed = f", {told['speed']:g} {unit}/s".rstrip() if told.get("speed") else ""
    return f"{told['name']}, {f'{allowed} {unit}'.rstrip()}{whole}{speed}"


def _people(start: Mapping[str, Any]) -> list[str]:
    from autoexp.data.export.nexus import people_of

    return [str(person.get("name", "")) for person in people_of(start)]


def _name(told: Any) -> str:
    return str(told.get("name", told) if isinstance(told, Mapping) else told or "not recorded")


def _best(run: "StoredRun", settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    primary = run.streams.get("primary")
    for objective in settings["objectives"]:
        name, choose = objective["name"], _BETTER.get(objective["kind"])
        if primary is None or choose is None or name not in primary.data:
            continue
        column = primary.data[name]
        finite = [row for row, value in enumerate(column.values) if value == value]
        if finite:
            row = choose(finite, key=lambda row: float(column.values[row]))
            fields = (name, *settings["readbacks"].values())
            where = [_valued(primary.data[field], row, field) for field in fields if field in primary.data]
            yield "best", f"{where[0]} as measured, at {', '.join(where[1:])}"


def _valued(column: Any, row: int, field: str) -> str:
    value = column.values[row]
    number = str(value) if column.dtype.kind in "OU" else format(float(value), ".5g")
    return f"{field} {number} {column.attrs.get('units', '')}".rstrip()


def _decisions(run: "StoredRun") -> Iterator[tuple[str, str]]:
    stream = run.streams.get("decisions")
    if stream is None:
        return
    sources = Counter(map(str, stream.data["source"].values))
    waited = float(stream.data["dead_time"].sum())
    yield (
        "decisions",
        f"{', '.join(f'{count} {source}' for source, count in sources.items())}; {waited:.2f} s waited for",
    )
