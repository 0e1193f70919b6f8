"""Published results are found again; what is absent is skipped by name; a wrong number is noticed."""

import json
import zipfile

import numpy as np
import pytest

from evaluators.errors import UsageProblem
from evaluators.selfcheck import model_ranking, omniglot, suite
from evaluators.selfcheck.figure import Figure, Outcome
from evaluators.selfcheck.mteb_draws import draws
from evaluators.selfcheck.suite import CHECKS, checks_named

WITHOUT_DATA = ("A3", "A4", "A7", "A8")


@pytest.mark.parametrize("name", WITHOUT_DATA)
def test_what_needs_no_data_passes_everywhere(name, tmp_path):
    (check,) = checks_named([name])
    outcomes = list(check.run(tmp_path))
    assert outcomes
    assert {(outcome.figure.what, outcome.verdict) for outcome in outcomes} == {
        (outcome.figure.what, "PASS") for outcome in outcomes
    }


@pytest.mark.slow
@pytest.mark.parametrize("check", [c for c in CHECKS if c.id not in WITHOUT_DATA], ids=lambda check: check.id)
def test_published_results_are_found_again(check, hub_data):
    outcomes = list(check.run(hub_data))
    verdicts = [outcome.verdict for outcome in outcomes]
    assert "PASS" in verdicts
    assert [outcome for outcome in outcomes if outcome.verdict == "FAIL"] == []


@pytest.mark.parametrize("name", ["A1", "A2", "A6", "B1", "B2"])
def test_what_is_absent_is_skipped_and_named(name, tmp_path):
    (check,) = checks_named([name])
    (outcome,) = check.run(tmp_path)
    assert outcome.verdict == "SKIPPED"
    assert outcome.skipped.startswith("no ")


def test_a_set_that_is_absent_is_skipped_beside_those_that_are_there(tmp_path):
    rows = {"train": [["pay bill", "x"], ["book room", "y"]] * 4, "oos_train": [["tell joke", "oos"]] * 4}
    rows |= {"test": [["pay bill", "x"], ["book room", "x"]], "oos_test": [["tell joke", "oos"]]}
    (tmp_path / "clinc150").mkdir()
    (tmp_path / "clinc150" / "data_full.json").write_text(json.dumps(rows))
    found = list(checks_named(["A2"])[0].run(tmp_path))
    assert [outcome.found for outcome in found[:2]] == [50.0, 100.0]
    assert [outcome.skipped for outcome in found[2:4]] == ["no clinc150/data_small.json"] * 2


def test_one_digit_of_a_table_makes_it_fail(monkeypatch, tmp_path):
    rows, printed = model_ranking.TABLES["CIFAR10"]
    swapped = ((99.9, *rows[0][1:]), *rows[1:])
    monkeypatch.setitem(model_ranking.TABLES, "CIFAR10", (swapped, printed))
    verdicts = [outcome.verdict for outcome in checks_named(["A3"])[0].run(tmp_path)]
    assert "FAIL" in verdicts


def test_not_a_number_fails():
    assert Outcome(Figure("A1", "x", 1.0, 0.5), float("nan")).verdict == "FAIL"
    assert Outcome(Figure("A1", "x", 1.0, 0.5), 1.5).verdict == "PASS"
    assert Outcome(Figure("A1", "x", 1.0, 0.5), 1.51).verdict == "FAIL"


def test_a_check_that_there_is_not_is_answered_with_the_nearest():
    with pytest.raises(UsageProblem, match="A9"):
        checks_named(["a9"])
    assert [check.id for check in checks_named(["b1", "A8"])] == ["A8", "B1"]
    assert checks_named([]) == suite.CHECKS


def test_the_hausdorff_distance_is_the_larger_of_two_means():
    line = np.array([[0.0, 0.0], [0.0, 1.0]])
    far = np.array([[0.0, 0.0], [0.0, 5.0]])
    assert omniglot.modified_hausdorff(line, line) == 0.0
    assert omniglot.modified_hausdorff(line, far) == omniglot.modified_hausdorff(far, line) == 2.0


def test_draws_go_on_from_the_order_that_the_draw_before_left():
    labels = ["a", "b"] * 20
    first, second = draws(labels, per_label=3, count=2)
    assert first != second
    assert [sum(labels[row] == name for row in first) for name in "ab"] == [3, 3]
    assert draws(labels, per_label=3, count=1) == [first]


def test_an_archive_that_is_none_is_an_error_and_no_result(tmp_path):
    (tmp_path / "omniglot").mkdir()
    (tmp_path / "omniglot" / "all_runs.zip").write_bytes(b"no archive")
    with pytest.raises(zipfile.BadZipFile):
        list(checks_named(["A1"])[0].run(tmp_path))
