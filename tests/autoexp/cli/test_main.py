import re
import subprocess
import sys
from pathlib import Path

import pytest

AUTOEXP = Path(sys.executable).with_name("autoexp")


def autoexp(*arguments):
    return subprocess.run([AUTOEXP, *map(str, arguments)], capture_output=True, text=True, timeout=280, check=False)


def test_help_says_what_there_is():
    said = " ".join(autoexp("--help").stdout.split())
    for name in ("demo", "runs", "mirrors", "bayesian", "sobol", "beam", "adaptive_scan"):
        assert name in said


@pytest.mark.parametrize(("option", "kind"), [("--scene", "scenes"), ("--agent", "agents")])
def test_an_unknown_name(option, kind, tmp_path):
    ran = autoexp("demo", option, "nothing", "--folder", tmp_path)
    assert ran.returncode == 1
    assert re.search(rf"autoexp: {kind} must be one of '.*', got 'nothing'", ran.stderr)
    assert "Traceback" not in ran.stderr


def test_runs_of_no_store(tmp_path):
    ran = autoexp("runs", "--folder", tmp_path / "nothing")
    assert ran.returncode == 1
    assert "a store must be a folder" in ran.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["bayesian", "sobol"])
def test_demo_then_runs_then_read_back(agent, tmp_path):
    ran = autoexp("demo", "--num", 12, "--agent", agent, "--folder", tmp_path / "data")
    assert ran.returncode == 0, ran.stderr
    for said in ("best point", "true optimum", "equal grid", "random (median)", "dead", "beam time"):
        assert said in ran.stdout
    assert "12/12" in ran.stderr
    (uid,) = re.findall(r"^run +([0-9a-f-]{36})$", ran.stdout, flags=re.MULTILINE)
    (picture,) = re.findall(r"^picture +(\S+\.png)$", ran.stdout, flags=re.MULTILINE)
    assert Path(picture).stat().st_size > 10_000
    assert re.search(rf"{uid[:8]} .* adaptive_scan +12 +success", autoexp("runs", "--folder", tmp_path / "data").stdout)
    lines = re.findall(r"(from autoexp\.data import open_store|data = open_store.*)$", ran.stdout, flags=re.MULTILINE)
    assert len(lines) == 2
    code = "\n".join([*lines, "print(data.sizes['time'], data.spot_size.attrs['units'], data.camera_image.dtype)"])
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert "12 px uint16" in read.stdout, read.stderr
