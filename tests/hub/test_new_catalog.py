"""An organization's own catalog: whole or not at all, valid from the first minute, with nothing copied by hand."""

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub import __version__
from hub.catalog_check import check_catalog
from hub.catalog_schema import KINDS, schema_text
from hub.new_catalog import TEMPLATE, new_catalog

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("organizations") / "acme-catalog"
    new_catalog(folder, "acme")
    return folder


def test_every_file_may_be_merged(made):
    results = check_catalog(made / "catalog", today=dt.date(2026, 11, 25))
    assert len(results) >= 7
    assert [result.message for result in results if not result.ok] == []


def test_the_examples_are_those_of_this_catalog(made):
    examples = [path for path in (made / "catalog").rglob("*") if path.is_file()]
    assert len(examples) >= 12
    for path in examples:
        assert path.read_bytes() == (ROOT / path.relative_to(made)).read_bytes(), path.name


def test_in_git_an_example_is_a_link_and_no_copy():
    for path in (TEMPLATE / "catalog").rglob("*"):
        if not path.is_dir():
            assert path.is_symlink(), path
            assert path.resolve() == ROOT / path.relative_to(TEMPLATE)


def test_editors_find_a_schema_for_every_file(made):
    settings = json.loads((made / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    for kind, folder in KINDS.items():
        assert settings[f"./schemas/{kind}.schema.json"] == f"catalog/{folder}/*.yaml"
        text = (made / "schemas" / f"{kind}.schema.json").read_text()
        assert text == schema_text(kind)
        assert json.loads(text)["additionalProperties"] is False


def test_the_organizations_name_stands_where_teams_are_meant(made):
    owners = (made / "CODEOWNERS").read_text()
    for folder in ("models", "tasks", "protocols", "policies"):
        assert f"/catalog/{folder}/" in owners
    assert "@acme/ml-platform" in owners
    assert "TODO" in owners
    for path in made.rglob("*"):
        if path.is_file():
            assert "ORGANIZATION" not in path.read_text(), path
    text = (made / ".github" / "workflows" / "catalog.yml").read_text()
    assert f"basehub-{__version__}-py3-none-any.whl" in text
    workflow = yaml.safe_load(text)
    assert workflow["env"]["BASEHUB_FROM"] == ""
    assert (made / "README.md").read_text().startswith("# Catalog of acme\n")


def test_who_may_approve_the_policies_may_change_who_approves(made):
    lines = [
        line.split() for line in (made / "CODEOWNERS").read_text().splitlines() if line[:1] in {"/", "*"}
    ]
    owners = {path: tuple(teams) for path, *teams in lines}
    assert owners["/catalog/policies/"] == owners["/CODEOWNERS"] == owners["/keys/"] == owners["/.github/"]
    assert owners["/catalog/policies/"] != owners["/catalog/models/"]


def test_an_empty_folder_may_be_named(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "README.md" in new_catalog(tmp_path / "empty", "acme")


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageProblem, match="holds something already"):
        new_catalog(tmp_path, "acme")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["", "-acme", "acme corp", "acme/x", "a\nb", "@acme"])
def test_a_name_that_is_none_is_told(tmp_path, name):
    with pytest.raises(UsageProblem, match="cannot be the name of an organization"):
        new_catalog(tmp_path / "x", name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        new_catalog(tmp_path / "file" / "catalog", "acme")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
