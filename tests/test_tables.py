"""The tables of files in the READMEs name every module, and nothing that is gone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`([a-z0-9_]+\.py)`")
PACKAGES = ["hub", "evaluators", "evaluators/engine", "hub/registry"]
WITHOUT_A_NOUN = {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_stands_in_its_readme(package):
    named = set(NAMED.findall((ROOT / package / "README.md").read_text()))
    modules = {path.name for path in (ROOT / package).glob("*.py")} - WITHOUT_A_NOUN
    assert modules <= named


@pytest.mark.parametrize("package", ["advice", "cost", "data", "findings", "running", "selfcheck"])
def test_every_module_of_a_package_stands_in_its_row(package):
    """These have no README of their own."""
    rows = [
        line for line in (ROOT / "evaluators/README.md").read_text().splitlines() if f"`{package}/`:" in line
    ]
    modules = {path.name for path in (ROOT / "evaluators" / package).glob("*.py")} - WITHOUT_A_NOUN
    assert modules == set(NAMED.findall("\n".join(rows)))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_that_is_named_exists(package):
    text = (ROOT / package / "README.md").read_text()
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    files = {path.name for path in (ROOT / package).rglob("*.py")} | {"recipe.py"}
    assert set(NAMED.findall(table)) <= files
