import json

from autoexp.cli import main
from autoexp.data.metadata import RunMetadata


def test_the_schema_is_that_of_the_metadata(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"].keys() == RunMetadata.model_fields.keys()


def test_export_and_show_of_no_store(capsys, tmp_path):
    for command in ("export", "show"):
        assert main([command, "abc", "--folder", str(tmp_path / "none")]) == 1
        assert "a store must be a folder" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
