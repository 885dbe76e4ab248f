"""The examples run as a user would run them."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_script(tmp_path):
    ran = subprocess.run(
        [sys.executable, EXAMPLES / "align_mirrors.py", "--num", "15", "--folder", tmp_path / "data"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    assert "'time': 15" in ran.stdout
    assert "spot size" in ran.stdout


@pytest.mark.slow
def test_notebook(tmp_path):
    notebook = nbformat.read(EXAMPLES / "quickstart.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert "40 points" in printed
    assert "within a factor of two of the smallest spot: True" in printed


@pytest.mark.slow
def test_the_choice_of_a_strategy(tmp_path):
    notebook = nbformat.read(EXAMPLES / "choose_a_strategy.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert "too few seeds" in printed
    assert (tmp_path / "comparison.png").stat().st_size > 10_000
