"""What labels buy: savings and brackets where they were put, bounds where nothing was reached, no row from one run."""

import pytest

from tests.synthetic import World, findings

QUIET = World(items=400, runs=4, sizes=(2, 4, 8, 16), shared=0.0, own=0.002, slope=0.05)


def saving(found, *, size, strategy="linear-probe", reference="from-scratch"):
    (row,) = [
        row
        for row in found.label_savings
        if (row.strategy, row.labels_per_class, row.reference_strategy) == (strategy, size, reference)
    ]
    return row


def taking(found, strategy, reference):
    rows = [
        row for row in found.overtakings if (row.strategy, row.reference_strategy) == (strategy, reference)
    ]
    return rows[0] if rows else None


def test_a_lead_of_one_doubling_saves_half_the_labels():
    # Each doubling brings 5 points, and linear probing is 5 points ahead of from scratch.
    found = findings(QUIET.but(accuracy={"majority": 0.25, "from-scratch": 0.70, "linear-probe": 0.75}))
    row = saving(found, size=4)
    assert row.bound == "exact"
    assert row.multiplier == pytest.approx(2.0, rel=0.15)
    assert row.reference_labels == pytest.approx(4 * row.multiplier)


def test_what_from_scratch_never_reaches_is_a_bound_at_the_largest_size():
    row = saving(findings(QUIET), size=8)
    assert (row.bound, row.reference_labels, row.multiplier) == ("above", 16.0, 2.0)


def test_savings_are_also_against_the_best_baseline():
    assert saving(findings(QUIET), size=2, reference="tfidf-logreg").bound == "above"


def test_a_transfer_that_leads_from_the_first_size_has_no_lower_end():
    row = taking(findings(QUIET), "linear-probe", "from-scratch")
    assert (row.above, row.up_to, row.holds, row.runs) == (None, 2, True, 4)


def test_a_transfer_that_never_leads_is_censored_at_the_largest_size():
    row = taking(findings(QUIET.but(accuracy={**QUIET.accuracy, "knn": 0.5})), "knn", "tfidf-logreg")
    assert (row.above, row.up_to, row.holds) == (16, None, False)


def test_around_the_recommended_strategy_the_heavier_is_asked_to_lead_the_lighter():
    found = findings(QUIET)
    chosen = found.recommendations[0].strategy
    assert chosen == "linear-probe"
    assert taking(found, chosen, "knn").up_to == 2
    assert taking(found, "full-finetune", chosen).up_to is None
    assert taking(found, "full-finetune", "knn") is None


def test_runs_that_agree_to_the_last_item_are_judged_over_items():
    ladder = {"majority": 0.25, "tfidf-logreg": 0.9, "from-scratch": 0.4, "knn": 55 / 60}
    found = findings(QUIET.but(own=0.0, slope=0.0, items=60, accuracy=ladder))
    # One item of 60, in every run: nothing over runs speaks against it, and other items might.
    assert taking(found, "knn", "tfidf-logreg").up_to is None
    assert taking(found, "knn", "from-scratch").up_to == 2


def test_one_run_has_savings_and_no_overtaking():
    found = findings(QUIET.but(runs=1))
    assert found.overtakings == ()
    assert found.label_savings != ()


def test_one_size_has_no_curve():
    found = findings(QUIET.but(sizes=(8,)))
    assert (found.label_savings, found.overtakings) == ((), ())
    assert "label_savings" not in found.model_dump(mode="json")


def test_a_run_that_lacks_a_size_is_left_out_of_both_curves():
    found = findings(QUIET.but(failed=frozenset({("from-scratch", 4, 1)})))
    assert taking(found, "linear-probe", "from-scratch").runs == 3
    assert taking(found, "linear-probe", "tfidf-logreg").runs == 4
