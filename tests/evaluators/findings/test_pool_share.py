"""Draws from one pool overlap: how much of it they take is printed; above one half a claim is called conditional."""

from __future__ import annotations

import pytest

from evaluators.pool_share import conditional_words, pool_share
from evaluators.report.comparison_table import comparison_table
from tests.synthetic import World, findings


def facts(world):
    found = findings(world)
    return found, found.tasks[0]


def test_it_is_the_labels_of_a_draw_over_those_of_the_pool():
    # 4 classes; the synthetic pool has 480 labels.
    found, task = facts(World(items=40, runs=2))
    assert pool_share(found, task, 8) == pytest.approx(32 / 480)
    assert pool_share(found, task, 500) == 1.0


def test_a_pool_that_holds_validation_too_is_larger():
    found, task = facts(World(items=40, runs=2, sets={"test": 0.0}))
    assert pool_share(found, task, 8) == pytest.approx(32 / 520)


def test_above_one_half_a_claim_is_conditional_and_the_report_says_so():
    assert conditional_words(0.5) == ""
    assert conditional_words(0.75) == "conditional on this pool: a draw takes 75 % of it"
    found = findings(World(items=40, runs=5, sizes=(2, 100)))
    rows = comparison_table(found, "help-desk", "mini").rows
    by_size = {row[2]: row[-1] for row in rows}
    assert "conditional on this pool" in by_size["100 (83 % of the pool)"]
    assert "conditional" not in by_size["2 (2 % of the pool)"]


def test_what_is_as_good_within_the_margin_is_said_and_what_is_better_needs_no_such_word():
    found = findings(World(items=2000, runs=10, own=0.002, margin=0.03, incumbent=("old", 0.9)))
    texts = {row[1]: row[-1] for row in comparison_table(found, "help-desk", "mini").rows}
    assert "equivalent within the margin" in texts["linear probe on old"]
    assert "margin" not in texts["TF-IDF + logistic regression"]
