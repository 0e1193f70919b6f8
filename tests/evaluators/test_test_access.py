"""The test-access log, and the sets that only its receipts open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluators.canonical import digest_of
from evaluators.data.samples import text_samples
from evaluators.errors import EnvironmentProblem, IntegrityError, UsageProblem
from evaluators.task import DataFile, Part, Splits, Task
from evaluators.test_access import LockedSet, TestAccess, TestAccessLog

NOW = "2026-01-02T03:04:05Z"
PLAN = digest_of("plan")


def toy_task(name: str = "desk") -> Task:
    carved = Part(carve="train", fraction=0.2)
    file = DataFile(sha256=digest_of(name), size=1, mirrors=(), format="csv", text="text", label="label")
    return Task(
        id=name, title="Desk", description="toy", modality="text", owner="tests", licence="CC0-1.0", margin=0.02,
        files={"pool": file}, splits=Splits(train=Part(file="pool"), validation=carved, test=carved),
    )  # fmt: skip


def record(log: TestAccessLog, *cells: str, task: Task | None = None, who: str = "ada") -> TestAccess:
    return log.record(task or toy_task(), map(digest_of, cells), plan_digest=PLAN, now=NOW, who=who)


@pytest.fixture
def log(tmp_path: Path) -> TestAccessLog:
    return TestAccessLog(tmp_path)


@pytest.fixture
def locked() -> LockedSet:
    return LockedSet("test", toy_task().splits_digest, text_samples(["a", "b"]), np.array([1, 0]))


def test_distinct_cells_are_counted_for_ever(log: TestAccessLog, tmp_path: Path) -> None:
    assert log.count(toy_task().splits_digest) == 0
    first = record(log, "one", "two")
    assert (first.read.cells_this_evaluation, first.read.cells_ever) == (2, 2)
    second = record(TestAccessLog(str(tmp_path)), "two", "three", "three")
    assert (second.read.cells_this_evaluation, second.read.cells_ever) == (2, 3)
    assert log.count(toy_task().splits_digest) == 3


def test_the_same_cells_recorded_again_add_no_line(log: TestAccessLog) -> None:
    record(log, "one", "two")
    again = record(log, "one", "two", who="grace")
    assert (again.read.cells_this_evaluation, again.read.cells_ever) == (2, 2)
    assert [
        (line.who, line.when, line.cell, line.plan) for line in log.records(toy_task().splits_digest)
    ] == [
        ("ada", NOW, digest_of("one"), PLAN),
        ("ada", NOW, digest_of("two"), PLAN),
    ]


def test_tasks_are_counted_apart(log: TestAccessLog) -> None:
    record(log, "one", task=toy_task("desk"))
    record(log, "one", "two", task=toy_task("bank"))
    assert (log.count(toy_task("desk").splits_digest), log.count(toy_task("bank").splits_digest)) == (1, 2)


def test_a_kill_while_writing_leaves_a_log_that_counts_what_was_complete(
    log: TestAccessLog, tmp_path: Path
) -> None:
    record(log, "one", "two")
    path = tmp_path / f"{toy_task().splits_digest}.jsonl"
    whole = path.read_bytes()
    for cut in range(len(whole) // 2 + 1, len(whole), 9):
        path.write_bytes(whole[:cut])
        assert log.count(toy_task().splits_digest) == 1
    assert record(log, "one", "two").read.cells_ever == 2
    assert path.read_bytes() == whole


def test_an_altered_log_is_an_integrity_error(log: TestAccessLog, tmp_path: Path) -> None:
    record(log, "one")
    path = tmp_path / f"{toy_task().splits_digest}.jsonl"
    path.write_text("{}\n" + path.read_text())
    with pytest.raises(IntegrityError, match="holds a line that is no record"):
        log.count(toy_task().splits_digest)
    path.rename(tmp_path / f"{toy_task('bank').splits_digest}.jsonl")
    with pytest.raises(IntegrityError):
        record(log, "one", task=toy_task("bank"))


def test_records_moved_to_another_task_are_an_integrity_error(log: TestAccessLog, tmp_path: Path) -> None:
    record(log, "one")
    (tmp_path / f"{toy_task().splits_digest}.jsonl").rename(
        tmp_path / f"{toy_task('bank').splits_digest}.jsonl"
    )
    with pytest.raises(IntegrityError, match="records of another task"):
        log.count(toy_task("bank").splits_digest)


def test_a_log_that_cannot_be_written_gives_no_receipt(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentProblem):
        record(TestAccessLog(tmp_path / "file"), "one")


def test_a_read_without_cells_gives_no_receipt(log: TestAccessLog) -> None:
    with pytest.raises(UsageProblem, match="no cell of the plan would be scored"):
        record(log)


def test_a_team_counts_together_in_an_object_store() -> None:
    url = "memory://team/test-access"
    record(TestAccessLog(url), "one", "two", who="ada")
    assert record(TestAccessLog(url), "two", "three", who="grace").read.cells_ever == 3
    assert {line.who for line in TestAccessLog(url).records(toy_task().splits_digest)} == {"ada", "grace"}


def test_labels_open_only_against_a_receipt_of_their_task(log: TestAccessLog, locked: LockedSet) -> None:
    assert (len(locked), locked.samples.texts) == (2, ("a", "b"))
    with pytest.raises(UsageProblem, match="the set 'test' is locked") as caught:
        locked.open(None)
    assert "test-access log" in (caught.value.hint or "")
    with pytest.raises(UsageProblem, match=r"for another task \(bank\)"):
        locked.open(record(log, "one", task=toy_task("bank")))
    assert locked.open(record(log, "one")).labels.tolist() == [1, 0]
    assert "_labels" not in repr(locked)


def test_candidates_are_counted_once_however_many_of_their_cells_read(tmp_path):
    log = TestAccessLog(str(tmp_path))
    one, two, three = map(digest_of, ("one", "two", "three"))
    ours, theirs = digest_of("ours"), digest_of("theirs")
    who = {"plan_digest": PLAN, "now": NOW, "who": "ada"}
    first = log.record(toy_task(), [one, two, three], candidates={one: ours, two: ours}, **who)
    assert first.read.candidates_ever == 1
    later = {**who, "plan_digest": digest_of("later"), "who": "grace"}
    second = log.record(toy_task(), [digest_of("four")], candidates={digest_of("four"): theirs}, **later)
    assert second.read.candidates_ever == 2
    assert second.read.looks == {ours: 1, theirs: 1}
    assert [(row.who, row.cells, row.candidates) for row in second.read.openings] == [
        ("ada", 3, 1),
        ("grace", 1, 1),
    ]


def test_a_plan_of_an_earlier_version_counts_as_one_candidate_and_keeps_its_lines(tmp_path):
    log = TestAccessLog(str(tmp_path))
    record(log, "one", "two")
    (line, _) = log.records(toy_task().splits_digest)
    assert "candidate" not in line.model_dump(mode="json")
    assert record(log, "three").read.candidates_ever == 1


def test_every_plan_that_judges_a_model_is_another_look_and_a_rerun_is_none(tmp_path):
    log = TestAccessLog(str(tmp_path))
    one, two, ours = map(digest_of, ("one", "two", "ours"))
    first = {"plan_digest": PLAN, "now": NOW, "who": "ada"}
    log.record(toy_task(), [one], candidates={one: ours}, **first)
    assert log.record(toy_task(), [one], candidates={one: ours}, **first).read.looks == {ours: 1}
    more = {**first, "plan_digest": digest_of("more runs")}
    found = log.record(toy_task(), [one, two], candidates={one: ours, two: ours}, **more)
    assert found.read.looks == {ours: 2}
