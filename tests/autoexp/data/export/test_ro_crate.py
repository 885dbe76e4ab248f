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
