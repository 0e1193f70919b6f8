"""A test that repeats its training data stops an evaluation before it costs anything, unless it is allowed by name."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import pytest

from evaluators.canonical import digest_of_file
from evaluators.data.locations import TaskFiles
from evaluators.data.task_data import load_task
from evaluators.errors import GateRefused, UsageProblem
from evaluators.task import DataFile, Part, Splits, Task
from hub.leak_gate import LeakLimit, check_leaks, leak_limit, over_by_name, would_stop
from tests import approval

POLICY = approval.policy()


@pytest.fixture
def leaky(tmp_path):
    """Return `leaky(copies)`: a task of two files whose test holds so many copies of training texts, and its data."""

    def make(copies, sensitivity="public"):
        train = [
            (f"the {colour} thing {number}", colour) for number in range(12) for colour in ("red", "blue")
        ]
        test = [(f"a {colour} one {number}", colour) for number in range(4) for colour in ("red", "blue")]
        files = {}
        for name, rows in (("train", train), ("test", test + train[:copies])):
            path = tmp_path / f"{name}.csv"
            with path.open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows([("text", "label"), *rows])
            files[name] = path
        described = {
            name: DataFile(
                sha256=digest_of_file(path), size=path.stat().st_size, mirrors=(str(path),), format="csv",
                text="text", label="label",
            )
            for name, path in files.items()
        }  # fmt: skip
        task = Task(
            id="colours", title="Colours", description="toy", modality="text", owner="tests", licence="CC0-1.0",
            margin=0.02, files=described, sensitivity=sensitivity,
            splits=Splits(
                train=Part(file="train"), validation=Part(carve="train", fraction=0.2), test=Part(file="test")
            ),
        )  # fmt: skip
        return task, {task.id: load_task(task, TaskFiles(files))}

    return make


def check(task, data, *, allowed=(), personal=(), at_most=0):
    return check_leaks([task], data, LeakLimit(at_most, allowed), frozenset(personal))


def test_more_copies_than_the_policy_allows_stop_it_with_counts_examples_and_the_next_step(leaky):
    task, data = leaky(2)
    with pytest.raises(GateRefused) as refused:
        check(task, data)
    assert "2 exact copies, 2 equal but for case and punctuation" in refused.value.message
    assert "  the red thing 0" in refused.value.message
    assert "--allow-leaks colours" in refused.value.hint


def test_no_text_of_a_restricted_task_is_shown(leaky):
    with pytest.raises(GateRefused) as refused:
        check(*leaky(2, sensitivity="restricted"))
    assert "red thing" not in refused.value.message


def test_a_task_that_is_allowed_by_name_goes_on_and_is_told(leaky):
    (note,) = check(*leaky(2), allowed=("colours",))
    assert "allowed by name" in note


def test_as_many_as_the_policy_allows_are_told_and_none_at_all_are_not(leaky):
    (note,) = check(*leaky(2), at_most=2)
    assert "2 exact copies" in note
    assert check(*leaky(0)) == ()


def test_a_policy_without_the_rule_and_a_persons_own_data_stop_nothing(leaky):
    assert len(check(*leaky(2), at_most=None)) == 1
    assert check(*leaky(2), personal=("colours",)) == ()


def test_allowing_what_is_not_measured_is_a_mistake(leaky):
    with pytest.raises(UsageProblem, match="desk"):
        check(*leaky(0), allowed=("desk",))


def test_the_limit_is_that_of_the_rule_that_decides():
    rules = {"no-leak": [("off", {"enabled": False}), ("advice", {"required": False})]}
    strict = POLICY.model_copy(update={"rules": (approval.rule("no-leak", at_most=1),)})
    assert leak_limit(strict, ()).at_most == 1
    for _, change in rules["no-leak"]:
        other = POLICY.model_copy(update={"rules": (approval.rule("no-leak").model_copy(update=change),)})
        assert leak_limit(other, ()).at_most is None


def test_a_name_that_was_not_needed_is_no_claim_that_the_test_leaks():
    data = {
        "clean": SimpleNamespace(duplicates={"exact": 0}),
        "leaky": SimpleNamespace(duplicates={"exact": 2}),
    }
    names = ("clean", "leaky")
    assert over_by_name(data, LeakLimit(0, names)) == ("leaky",)
    assert over_by_name(data, LeakLimit(2, names)) == ()
    assert over_by_name(data, LeakLimit(None, names)) == ("leaky",)


def test_a_plan_goes_on_and_says_what_an_evaluation_would_do(leaky):
    task, data = leaky(2)
    planning = LeakLimit(0, stops=False)
    assert check_leaks([task], data, planning, frozenset()) == ()
    (row,) = would_stop(data, planning, frozenset())
    assert (row.task, row.copies["exact"], row.at_most) == ("colours", 2, 0)
    assert "hub evaluate will stop here: 2 exact copies, 2 equal but for case" in row.sentence
    assert "the policy allows 0 of the first" in row.sentence
    assert "--allow-leaks colours" in row.sentence


def test_a_plan_warns_of_nothing_that_would_not_stop(leaky):
    _, data = leaky(2)
    for limit in (LeakLimit(None), LeakLimit(2), LeakLimit(0, ("colours",))):
        assert would_stop(data, limit, frozenset()) == ()
    assert would_stop(data, LeakLimit(0), frozenset({"colours"})) == ()
