"""What is installed is what pyproject.toml and constraints.txt say."""

import importlib.metadata as metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autoexp import plugins

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KINDS = ("agents", "reducers", "scenes", "plans")
HEAVY = ("torch", "botorch", "gpytorch", "tiled", "matplotlib", "xarray", "sklearn")


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(";")[0].strip().split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def test_importing_autoexp_leaves_heavy_libraries_alone():
    code = f"import sys, autoexp; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in KINDS for name in PROJECT["entry-points"][f"autoexp.{kind}"]]
)
def test_every_registered_name_can_be_loaded(kind, name):
    assert callable(plugins.load(kind, name))


@pytest.mark.parametrize("package", ["autoexp", "autoexp_agents", "autoexp_plans", "autoexp_simulators"])
def test_packages_say_that_they_are_typed(package):
    module = __import__(package)
    assert (Path(module.__file__).parent / "py.typed").is_file()


def test_the_known_good_set_pins_torch_and_satisfies_the_lower_bounds():
    known = pins()
    assert known["torch"] == "2.13.0"
    base = [Requirement(line) for line in PROJECT["dependencies"]]
    for requirement in base:
        assert requirement.specifier.contains(known[canonicalize_name(requirement.name)]), requirement


def test_this_version_has_a_citation():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {metadata.version('autoexp')}" in citation
    assert f"license: {PROJECT['license']}" in citation
