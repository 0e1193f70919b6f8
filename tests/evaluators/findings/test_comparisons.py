"""The comparisons that the gate needs: which ones, against whom, paired how."""

import json

import numpy as np
import pytest

from evaluators.comparison_evidence import Comparison
from evaluators.findings.gather import gather_findings
from evaluators.findings.measurements import Design
from tests.synthetic import World, design, evidence, findings, measured, truths

SMALL = World(items=100, runs=4)


def rows(found, purpose, size=8):
    return [row for row in found.comparisons if (row.purpose, row.labels_per_class) == (purpose, size)]


def only(found, purpose, size=8):
    (row,) = rows(found, purpose, size)
    return row


def test_recommended_strategy_meets_scratch_baseline_and_every_lighter_one():
    found = findings(SMALL.but(accuracy={**SMALL.accuracy, "lora": 0.99}))
    assert only(found, "gain-over-from-scratch").reference_strategy == "from-scratch"
    assert only(found, "gain-over-best-baseline").reference_strategy == "tfidf-logreg"
    assert [row.reference_strategy for row in rows(found, "gain-over-lighter")] == ["knn", "linear-probe"]


def test_every_transfer_strategy_is_checked_for_negative_transfer():
    pairs = [(row.strategy, row.reference_strategy) for row in rows(findings(SMALL), "negative-transfer")]
    transfers = ["full-finetune", "knn", "linear-probe", "lora"]
    floors = ["tfidf-logreg", "from-scratch"]
    assert sorted(pairs) == sorted((name, floor) for name in transfers for floor in floors)


def test_random_frozen_features_are_a_floor_where_they_were_measured():
    found = findings(SMALL.but(accuracy={**SMALL.accuracy, "random-features": 0.85}))
    (knn,) = [
        row
        for row in rows(found, "negative-transfer")
        if (row.strategy, row.reference_strategy) == ("knn", "random-features")
    ]
    assert knn.difference.high is not None
    assert knn.difference.high < 0
    assert "random-features" not in {row.strategy for row in rows(found, "negative-transfer")}


def test_a_comparison_with_a_floor_is_the_same_under_either_name():
    found = findings(SMALL)
    (gain,) = rows(found, "gain-over-from-scratch")
    (same,) = [
        row
        for row in rows(found, "negative-transfer")
        if (row.strategy, row.reference_strategy) == (gain.strategy, gain.reference_strategy)
    ]
    assert same.model_copy(update={"purpose": gain.purpose}) == gain


def test_negative_transfer_is_a_difference_whose_interval_lies_below_zero():
    found = findings(SMALL.but(accuracy={**SMALL.accuracy, "tfidf-logreg": 0.97}))
    worst = next(row for row in rows(found, "negative-transfer") if row.strategy == "knn")
    assert worst.difference.high is not None
    assert worst.difference.high < 0


def test_difference_is_subject_minus_reference_with_interval_p_and_power():
    row = only(findings(World()), "gain-over-best-baseline")
    assert row.difference.value == pytest.approx(0.30, abs=0.02)
    assert row.difference.low < row.difference.value < row.difference.high
    assert row.crossed_low < row.difference.value < row.crossed_high
    assert (row.claim, row.set, row.test, row.difference.n) == (
        "strategy",
        "test",
        "paired t over runs (df=4)",
        5,
    )
    assert row.p_value < 0.001
    assert 0 < row.detectable < 0.05


def test_pairing_removes_the_noise_that_runs_share():
    noisy = only(findings(World(shared=0.05, own=0.005)), "gain-over-best-baseline")
    assert noisy.difference.high - noisy.difference.low < 0.03


def test_runs_are_paired_by_index_where_one_failed():
    row = only(findings(SMALL.but(failed=frozenset({("tfidf-logreg", 8, 1)}))), "gain-over-best-baseline")
    assert row.difference.n == 3


def test_one_run_gives_a_difference_without_interval():
    row = only(findings(SMALL.but(runs=1)), "gain-over-best-baseline")
    assert (row.difference.low, row.p_value, row.detectable) == (None, None, None)
    assert row.test == "none: one run says nothing about another"


def test_runs_that_agree_exactly_fall_back_to_items():
    row = only(findings(SMALL.but(shared=0.0, own=0.0)), "gain-over-best-baseline")
    assert row.test == "bootstrap over runs and items (all runs agree)"
    assert row.difference.low < row.difference.high
    assert row.detectable == 0.0


def test_draft_is_judged_on_validation():
    found = findings(SMALL.but(sets={"validation": 0.0}))
    assert {row.set for row in found.comparisons} == {"validation"}


def test_best_baseline_is_chosen_on_validation_not_on_the_test():
    found = findings(
        SMALL.but(sets={"validation": 0.0, "test": 0.55}, accuracy={**SMALL.accuracy, "majority": 0.5})
    )
    row = only(found, "gain-over-best-baseline")
    assert row.reference_strategy == "tfidf-logreg"
    assert "chosen on" not in row.test


def test_without_validation_the_choice_of_the_baseline_is_noted():
    found = findings(SMALL.but(sets={"test": 0.0}, sizes=(8,)))
    assert only(found, "gain-over-best-baseline").test.endswith("; best baseline chosen on test")


def test_incumbent_is_met_on_the_same_runs():
    row = only(findings(SMALL.but(incumbent=("old", 0.8))), "gain-over-incumbent")
    assert (row.reference_candidate, row.reference_strategy, row.difference.n) == ("old", "linear-probe", 4)
    assert row.p_adjusted is None


def test_two_candidates_that_meet_one_incumbent_are_adjusted_by_holm():
    first, second = SMALL.but(incumbent=("old", 0.88)), SMALL.but(candidate="other", incumbent=("old", 0.88))
    one, two = design(first), design(second)
    both = Design(one.tasks, (*one.candidates, two.candidates[0]), one.protocol, one.plan_digest, one.final)
    found = gather_findings([*measured(first), *measured(second)], truths=truths(first), design=both)
    compared = rows(found, "gain-over-incumbent")
    assert len(compared) == 2
    assert all(row.p_adjusted >= row.p_value and "Holm over 2 candidates" in row.test for row in compared)


def test_evidence_of_equal_worlds_has_equal_digests():
    assert evidence(SMALL).findings.digest == evidence(SMALL).findings.digest


def test_share_of_runs_won_stands_beside_every_strategy_comparison():
    found = findings(World())
    assert all(row.superiority is not None for row in found.comparisons)
    assert only(found, "gain-over-best-baseline").superiority.value == 1.0


def test_comparison_of_an_earlier_version_is_written_as_it_was_read():
    row = only(findings(SMALL), "gain-over-best-baseline").model_dump(mode="json")
    del row["superiority"]
    assert Comparison.model_validate_json(json.dumps(row)).model_dump(mode="json") == row


def test_samples_that_come_in_groups_widen_what_is_said_over_items():
    world = World(items=200)
    groups = {(world.task, name): np.arange(200) // 20 for name in ("validation", "test")}
    rows = list(measured(world))
    alone = gather_findings(rows, truths=truths(world), design=design(world))
    grouped = gather_findings(rows, truths=truths(world), design=design(world), groups=groups)
    for one, other in zip(alone.comparisons, grouped.comparisons, strict=True):
        assert one.difference == other.difference or one.detectable == 0.0
    widths = [
        sum(row.crossed_high - row.crossed_low for row in found.comparisons) for found in (alone, grouped)
    ]
    assert widths[1] != widths[0]
    assert {row.crossed_low for row in alone.comparisons} != {row.crossed_low for row in grouped.comparisons}
