"""A person's own data as a task: named, identified by their bytes, split, and never reviewed."""

from pathlib import Path

import pytest

from evaluators.data.locations import facts_of
from evaluators.data.task_data import load_task
from evaluators.errors import UsageProblem
from evaluators.personal_task import OwnData, format_of, personal_task, task_id

ROWS = "body,queue\n" + "".join(
    f"{queue} message {number},{queue}\n" for number in range(20) for queue in ("a", "b")
)


def made(path, text="body", label="queue"):
    own = OwnData(str(path), text, label)
    return personal_task(own, path, facts_of(path))


def test_a_table_becomes_a_task_with_its_splits(tmp_path):
    path = tmp_path / "Tickets 2026.csv"
    path.write_text(ROWS)
    task = made(path)
    data = load_task(task, {"data": path})
    assert task.id.startswith("my-tickets-2026-")
    assert task.modality == "text"
    assert data.labels == ("a", "b")
    assert sum(data.sizes.values()) == 40
    assert {name: data.sizes[name] for name in ("validation", "test")} == {"validation": 8, "test": 8}


def test_the_same_rows_elsewhere_are_the_same_task_and_other_rows_are_not(tmp_path):
    for name, text in (("one", ROWS), ("two", ROWS), ("three", ROWS + "one more,a\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text(text)
    one, two, three = (made(tmp_path / name / "t.csv") for name in ("one", "two", "three"))
    assert (one.id, one.digest) == (two.id, two.digest)
    assert one.digest != three.digest


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.csv", "csv"), ("a.csv.gz", "csv"), ("A.JSONL", "jsonl"), ("s3://b/a.parquet?v=1", "parquet")],
)
def test_the_format_is_told_by_the_name(name, found):
    assert format_of(OwnData(name, "t", "l"), Path("/nowhere")) == found


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (OwnData("a.xlsx", "t", "l"), "files that end in .xlsx are not read"),
        (OwnData("a.doc", "t", "l"), "cannot be told from its name"),
        (OwnData("a.csv", "t", "t"), "text and label are the same column, 't'"),
        (OwnData("a.csv"), "its columns are not named"),
        (OwnData("a.tar", "t", "l"), "holds images, which have no columns"),
    ],
)
def test_what_does_not_go_together_is_refused(own, said):
    with pytest.raises(UsageProblem, match=said):
        format_of(own, Path("/nowhere"))


@pytest.mark.parametrize(
    ("name", "expected"), [("Tickets, März", "my-tickets-m-rz-abcdef"), ("…", "my-data-abcdef")]
)
def test_any_name_makes_a_safe_id(name, expected):
    assert task_id(name, "abcdef" + "0" * 58) == expected
