"""A stored run as an RO-Crate: https://w3id.org/ro/crate/1.3, with what DataCite asks for."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autoexp.data.export.files import new_folder
from autoexp.data.export.nexus import as_json, people_of, write_nexus
from autoexp.data.export.stored import StoredRun
from autoexp.documents import DECISIONS
from autoexp.errors import ExportError

_LICENCES = "https://spdx.org/licenses/"
_NO_LICENCE = "#licence-not-recorded"
_SOFTWARE = "https://autoexp.readthedocs.io"


def write_ro_crate(run: StoredRun, path: str | Path) -> Path:
    """Write a run as a folder that describes itself: the NeXus file, the decisions, and who made them how.

    Parameters
    ----------
    run
        Adaptive or not.
    path
        Of a folder that does not exist yet.

    Raises
    ------
    ExportError
        If there is such a folder, none can be written there, or rocrate is not installed.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise ExportError("an export to RO-Crate needs rocrate: pip install autoexp[export]") from error
    with new_folder(path) as part:
        crate = ROCrate()
        _describe(crate, run)
        data = crate.add_file(write_nexus(run, part / f"{run.uid}.nxs"), properties=_nexus(run))
        _add_measurement(crate, run, data)
        _add_decisions(crate, run, part, data)
        crate.write(part)
    return Path(path)


def _nexus(run: StoredRun) -> dict[str, Any]:
    return {"name": f"run {run.uid}", "description": "The run in NeXus.", "encodingFormat": "application/x-hdf5"}


def _describe(crate: Any, run: StoredRun) -> None:
    """Say what DataCite asks for: title, creators, publisher, year, identifier, rights."""
    start, root = run.start, crate.root_dataset
    title = str(start.get("title") or start.get("plan_name") or "run")
    crate.name = f"{title} {run.uid[:8]}"
    crate.description = f"The run {run.uid} of the plan {start.get('plan_name', 'not recorded')!r}."
    root["datePublished"] = _iso(run.stop.get("time", start["time"]))
    root["dateCreated"] = _iso(start["time"])
    root["identifier"] = run.uid
    root["license"] = _licence(crate, start.get("licence"))
    if start.get("embargo"):
        root["conditionsOfAccess"] = f"under embargo until {start['embargo']}"
    people = [_person(crate, person, number) for number, person in enumerate(people_of(start), 1)]
    if people:
        root["author"] = people
    if isinstance(start.get("organisation"), Mapping):
        root["publisher"] = _organisation(crate, start["organisation"])


def _licence(crate: Any, spdx: Any) -> Any:
    name = str(spdx) if spdx else "not recorded"
    told = {"@type": "CreativeWork", "name": name, "description": f"The licence of the data: {name}."}
    return _entity(crate, f"{_LICENCES}{spdx}" if spdx else _NO_LICENCE, told)


def _person(crate: Any, person: Mapping[str, Any], number: int) -> Any:
    told = {"@type": "Person", "name": str(person.get("name", "not recorded"))}
    made = _entity(crate, str(person.get("orcid") or f"#person-{number}"), told)
    if isinstance(person.get("affiliation"), Mapping):
        made["affiliation"] = _organisation(crate, person["affiliation"])
    return made


def _organisation(crate: Any, told: Mapping[str, Any]) -> Any:
    name = str(told["name"])
    return _entity(crate, str(told.get("ror") or f"#{name.replace(' ', '-')}"), {"@type": "Organization", "name": name})


def _add_measurement(crate: Any, run: StoredRun, data: Any) -> None:
    tool = {"@type": "SoftwareApplication", "name": "autoexp", "url": _SOFTWARE, "version": version("autoexp")}
    told = {
        "@type": "CreateAction",
        "name": f"measurement by {run.start.get('plan_name', 'a plan')}",
        "startTime": _iso(run.start["time"]),
        "endTime": _iso(run.stop.get("time", run.start["time"])),
    }
    action = _entity(crate, "#measurement", told)
    action["instrument"], action["result"] = _entity(crate, _SOFTWARE, tool), data
    if crate.root_dataset.get("author"):
        action["agent"] = crate.root_dataset["author"]
    crate.root_dataset.append_to("mentions", action)


def _add_decisions(crate: Any, run: StoredRun, folder: Path, data: Any) -> None:
    settings, stream = run.start.get("autoexp"), run.streams.get(DECISIONS)
    if settings is None or stream is None:
        return
    about = {"@type": "SoftwareApplication", "name": str(settings["agent"]["name"]), "url": _SOFTWARE}
    about |= {"version": str(settings["versions"]["autoexp"]), "description": as_json(settings["agent"])}
    agent = _entity(crate, "#agent", about)
    logged = [document for name, document in run.documents() if name == "event" and _is_decision(run, document)]
    _action(crate, agent, data, _file(crate, folder, "decisions.json", "Every decision.", logged), "#deciding")
    if "models" in run.streams:
        models = [dict(zip(("digest", "state"), row, strict=True)) for row in _models(run)]
        for model in models:
            name = f"model-{model['digest']}.json"
            made = _file(crate, folder, name, "A model state that decisions rest on.", model)
            _action(crate, agent, data, made, f"#fitting-{model['digest']}")


def _models(run: StoredRun) -> Any:
    data = run.streams["models"].data
    return zip(map(str, data["model_state"].values), map(str, data["state"].values), strict=True)


def _is_decision(run: StoredRun, document: Mapping[str, Any]) -> bool:
    return str(document["descriptor"]) == f"{run.uid}/{DECISIONS}"


def _file(crate: Any, folder: Path, name: str, about: str, content: Any) -> Any:
    path = folder / name
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return crate.add_file(path, properties={"name": name, "description": about, "encodingFormat": "application/json"})


def _action(crate: Any, agent: Any, used: Any, made: Any, name: str) -> None:
    action = _entity(crate, name, {"@type": "CreateAction", "name": f"{name[1:]} by {agent['name']}"})
    action["instrument"], action["object"], action["result"] = agent, used, made
    crate.root_dataset.append_to("mentions", action)


def _entity(crate: Any, identifier: str, properties: Mapping[str, Any]) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties=dict(properties)))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")
