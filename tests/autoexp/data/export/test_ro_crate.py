import json
from pathlib import Path
from typing import ClassVar

import pytest

from autoexp.data.export import read_nexus, write_ro_crate
from autoexp.errors import ExportError


def test_who_made_what_with_what(run, tmp_path):
    rocrate = pytest.importorskip("rocrate.rocrate")
    crate = rocrate.ROCrate(write_ro_crate(run, tmp_path / "crate"))
    (author,) = crate.root_dataset["author"]
    assert (author.id, author["name"]) == ("https://orcid.org/0000-0002-1825-0097", "Ada Lovelace")
    assert crate.root_dataset["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    actions = {action.id: action for action in crate.get_by_type("CreateAction")}
    assert actions["#measurement"]["result"].id == f"{run.uid}.nxs"
    assert actions["#deciding"]["instrument"]["name"] == "SobolAgent"
    assert actions["#deciding"]["result"].id == "decisions.json"
    assert read_nexus(tmp_path / "crate" / f"{run.uid}.nxs").uid == run.uid


def test_a_folder_that_exists_is_left_alone(run, tmp_path):
    pytest.importorskip("rocrate")
    with pytest.raises(ExportError, match=r"must be a new folder, got '.*'"):
        write_ro_crate(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", ["run", "plain_run"])
def test_a_validator_accepts_it(which, request, tmp_path, monkeypatch):
    """Every check of severity "required" of roc-validator; the JSON-LD context comes from rocrate, not from the net."""
    services = pytest.importorskip("rocrate_validator.services")
    from rocrate_validator.models import Severity, ValidationSettings
    from rocrate_validator.utils.http import HttpRequester

    def from_rocrate(self, url, *args, **kwargs):
        assert url == "https://w3id.org/ro/crate/1.3/context"
        return Context()

    monkeypatch.setattr(HttpRequester, "get", from_rocrate, raising=False)
    crate = write_ro_crate(request.getfixturevalue(which), tmp_path / "crate")
    result = services.validate(ValidationSettings(rocrate_uri=str(crate), requirement_severity=Severity.REQUIRED))
    assert [issue.message for issue in result.get_issues()] == []
    assert result.passed()
    assert len(result.executed_checks) > 20


class Context:
    """What w3id.org answers."""

    status_code = 200
    headers: ClassVar = {"Content-Type": "application/ld+json"}

    def json(self):
        import rocrate

        return json.loads((Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text(encoding="utf-8"))
