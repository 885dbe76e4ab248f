import pytest

from autoexp.cli import main


@pytest.mark.slow
def test_writes_the_table_the_picture_and_the_data(tmp_path, capsys):
    arguments = ["--agents", "sobol,random", "--scene", "transition", "--budget", "4", "--seeds", "2", "--workers", "0"]
    assert main(["bench", *arguments, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "sobol" in said
    assert "written:" in said
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "out").glob("comparison.*")}
    assert sizes["comparison.png"] > 10_000
    assert {name.partition(".")[2] for name in sizes} == {"txt", "csv", "png", "nc"}


def test_refuses_an_unknown_agent(tmp_path, capsys):
    assert main(["bench", "--agents", "sobol,nobody", "--out", str(tmp_path)]) == 1
    assert "got 'nobody'" in capsys.readouterr().err
