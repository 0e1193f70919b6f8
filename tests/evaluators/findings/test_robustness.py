"""Effective robustness of arms: the one that stands out is named, and few arms are refused."""

import pytest

from tests.synthetic import TEXT_LADDER, World, findings

#: Twelve arms that read the inputs; all lose four points on `typos`.
WORLD = World(items=1000, runs=3, shared=0.0, own=0.0)


def test_every_arm_is_judged_against_all_others_but_the_majority_class():
    found = findings(WORLD).effective_robustness
    assert len(found) == 12
    assert {row.references for row in found} == {11}
    assert "majority" not in {row.strategy for row in found}
    assert {row.set for row in found} == {"typos"}


def test_only_what_is_further_than_the_others_spread_is_called_robust():
    found = findings(WORLD).effective_robustness
    assert all(row.beyond == (abs(row.value) > 1.96 * row.residual_sd) for row in found)


def test_seven_references_are_refused():
    eight_arms = {name: TEXT_LADDER[name] for name in ("tfidf-logreg", "from-scratch", "knn", "linear-probe")}
    assert len(findings(WORLD.but(accuracy=eight_arms)).effective_robustness) == 0
    nine = {**eight_arms, "lora": 0.9}
    rows = findings(WORLD.but(accuracy=nine)).effective_robustness
    assert {row.references for row in rows} == {9}


def test_a_draft_opens_no_shifted_set_and_says_nothing():
    assert findings(WORLD.but(sets={"validation": 0.0})).effective_robustness == ()


def test_value_and_expectation_add_up_to_the_score():
    found = findings(WORLD)
    (row,) = [
        row
        for row in found.effective_robustness
        if (row.strategy, row.labels_per_class) == ("linear-probe", 8)
    ]
    (score,) = [
        s.estimate.value
        for s in found.summaries
        if (s.strategy, s.labels_per_class, s.set) == ("linear-probe", 8, "typos")
    ]
    assert row.value + row.expected == pytest.approx(score)
