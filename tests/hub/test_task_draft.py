"""A draft of a task: valid but for what only a person can answer, and refused until they did."""

import datetime as dt

import pytest
import yaml

from evaluators.data.locations import facts_of
from evaluators.data.task_data import load_task
from evaluators.document import parse_document
from evaluators.personal_task import OwnData, personal_task
from evaluators.task import Task
from hub.catalog_rules import Around, task_remarks
from hub.task_draft import draft_task, mirror_for


@pytest.fixture
def draft(tmp_path):
    path = tmp_path / "catalog" / "data" / "tickets.csv"
    path.parent.mkdir(parents=True)
    rows = (f'"{queue}: ""message"" {n}","{queue}"\n' for n in range(10) for queue in ("a # b", "c: d"))
    path.write_text('"the body","queue: which"\n' + "".join(rows))
    own = OwnData(str(path), "the body", "queue: which")
    task = personal_task(own, path, facts_of(path))
    mirror = mirror_for(own.source, path, tmp_path / "catalog", {})
    return draft_task("routing", task, load_task(task, {"data": path}), mirror)


def around(folder):
    return Around(folder, dt.date(2026, 11, 21), frozenset(), frozenset(), {})


def test_a_draft_is_a_task_that_lacks_only_answers(draft, tmp_path):
    task = parse_document(draft.encode(), Task, where="routing.yaml")
    assert task.id == "routing"
    assert task.files["data"].mirrors == ("catalog:data/tickets.csv",)
    remarks = [remark.text for remark in task_remarks(task, around(tmp_path / "catalog"))]
    assert remarks == [f"{field}: still says TODO" for field in ("title", "description", "owner", "licence")]


def test_an_answered_draft_is_accepted(draft, tmp_path):
    value = yaml.safe_load(draft)
    value |= {
        "title": "Routing",
        "description": "Tickets.",
        "owner": "desk",
        "licence": "LicenseRef-internal",
    }
    task = parse_document(yaml.safe_dump(value).encode(), Task, where="routing.yaml")
    assert list(task_remarks(task, around(tmp_path / "catalog"))) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [("s3://bucket/t.csv", "s3://bucket/t.csv"), ("data/t.csv", "data:t.csv"), ("elsewhere/t.csv", None)],
)
def test_the_place_is_named_as_others_find_it(tmp_path, source, expected):
    found = mirror_for(source, tmp_path / source, tmp_path / "catalog", {"HUB_DATA": str(tmp_path / "data")})
    assert found == expected
