"""The code in the README and in the how-to guides does what it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code_of(page):
    return "\n".join(_BLOCK.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [page for page in PAGES if code_of(page)], ids=lambda page: page.stem)
def test_code_runs(page, make_run_engine, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bluesky.RunEngine", make_run_engine)
    names = {"RE": make_run_engine(), "__name__": page.stem}
    exec(compile(code_of(page), str(page), "exec"), names)


def test_the_front_page_shows_the_code_of_the_readme():
    assert code_of(ROOT / "docs" / "index.md") == code_of(ROOT / "README.md")


def test_the_example_of_the_readme_is_ten_lines():
    assert len([line for line in code_of(ROOT / "README.md").splitlines() if line]) <= 10
