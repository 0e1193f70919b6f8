"""A final evaluation opens the locked test for what its decision needs, chosen while the test is closed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evaluators.findings.decisive import decisive
from evaluators.findings.gather import gather_findings
from tests.synthetic import TEXT_LADDER, World, design, measured, truths


def strategies(world, *, labels=None):
    rows = list(measured(world))
    chosen = decisive(rows, truths=labels or truths(world), design=design(world))
    return {
        (row.cell.candidate, row.cell.strategy)
        for row in rows
        if (row.cell.key, row.cell.candidate) in chosen
    }


def test_the_recommended_strategy_and_every_floor_are_opened_and_nothing_else():
    floors = {("", "majority"), ("", "tfidf-logreg"), ("mini", "from-scratch")}
    assert strategies(World()) == {*floors, ("mini", "linear-probe")}


def test_what_is_approved_now_is_opened_with_the_strategy_it_was_approved_with():
    assert ("old", "linear-probe") in strategies(World(incumbent=("old", 0.8)))


def test_it_is_chosen_without_a_label_of_the_locked_test():
    world = World()
    turned = {
        key: np.roll(labels, 1) if key[1] != "validation" else labels for key, labels in truths(world).items()
    }
    only = {key: labels for key, labels in truths(world).items() if key[1] == "validation"}
    assert strategies(world, labels=turned) == strategies(world, labels=only) == strategies(world)


def test_where_nothing_is_kept_to_choose_on_everything_is_opened():
    world = World(sets={"test": 0.0})
    assert {name for _, name in strategies(world)} == set(TEXT_LADDER)


def test_arms_whose_test_stayed_closed_are_judged_on_validation():
    world = World(runs=5)
    rows = list(measured(world))
    chosen = decisive(rows, truths=truths(world), design=design(world))
    closed = [
        row
        if (row.cell.key, row.cell.candidate) in chosen
        else replace(
            row,
            probabilities={"validation": row.probabilities["validation"]},
            digests={"validation": row.digests["validation"]},
        )
        for row in rows
    ]
    found = gather_findings(closed, truths=truths(world), design=design(world))
    sets = {(row.strategy, row.purpose): row.set for row in found.comparisons}
    assert sets["linear-probe", "gain-over-best-baseline"] == "test"
    assert sets["linear-probe", "gain-over-lighter"] == "validation"
    assert sets["full-finetune", "negative-transfer"] == "validation"
    assert {group.set for group in found.tie_groups} == {"validation"}
    assert {row.set for row in found.summaries if row.strategy == "lora"} == {"validation"}
    # What was recommended while all was open is what is recommended here: both are chosen on validation.
    everything = gather_findings(rows, truths=truths(world), design=design(world))
    assert found.recommendations == everything.recommendations
