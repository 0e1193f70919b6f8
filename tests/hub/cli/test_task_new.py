"""`hub task new --from` drafts a task that only a person's answers make valid."""

import json
import shutil

import pytest

from tests.hub.cli.conftest import ROOT


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A catalog of one's own with a table in its data folder."""
    for folder in ("models", "protocols", "policies"):
        shutil.copytree(ROOT / "catalog" / folder, tmp_path / "catalog" / folder)
    table = tmp_path / "catalog" / "data" / "tickets.csv"
    table.parent.mkdir()
    lines = (ROOT / "catalog" / "data" / "help-desk" / "pool.csv").read_text().splitlines()[:121]
    table.write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "catalog"


def arguments(checkout, *more):
    return ("task", "new", *more, "--text", "text", "--label", "intent", "--catalog", str(checkout))


def test_the_name_is_that_of_the_data_and_the_place_is_one_that_others_find(run_hub, checkout):
    ran = run_hub(*arguments(checkout, "--from", "catalog/data/tickets.csv", "--format", "json"))
    assert ran.exit_code == 0, ran.stderr
    answer = json.loads(ran.stdout)
    written = (checkout / "tasks" / "tickets.yaml").read_text()
    assert answer == {
        "task": "tickets",
        "path": str(checkout / "tasks" / "tickets.yaml"),
        "todo": written.count("TODO"),
    }
    assert 'mirrors: ["catalog:data/tickets.csv"]' in written
    checked = run_hub("catalog", "check", "--catalog", str(checkout))
    assert checked.exit_code == 4
    assert "tickets.yaml: owner: still says TODO" in checked.stdout


def test_a_task_that_is_there_is_left_as_it_is(run_hub, checkout):
    wanted = arguments(checkout, "mine", "--from", "catalog/data/tickets.csv")
    assert run_hub(*wanted).exit_code == 0
    before = (checkout / "tasks" / "mine.yaml").read_bytes()
    again = run_hub(*wanted)
    assert (again.exit_code, (checkout / "tasks" / "mine.yaml").read_bytes()) == (2, before)
    assert "left as it is" in again.stderr


def test_a_misspelt_column_is_told_with_those_that_exist(run_hub, checkout):
    ran = run_hub("task", "new", "--from", "catalog/data/tickets.csv", "--text", "txt", "--label", "intent")
    assert ran.exit_code == 4
    assert "there is no column 'txt'" in ran.stderr
    assert "did you mean 'text'? its columns: 'text', 'intent'" in ran.stderr
    assert not (checkout / "tasks").exists()
