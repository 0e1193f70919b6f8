"""Answers of the recommended arm: every one counted once, on which sets, bins before and after temperature."""

import pytest

from tests.synthetic import World, findings

WORLD = World(items=200, runs=3)


def of_set(found, name="test"):
    (row,) = [row for row in found.answers if row.set == name]
    return row


def test_answers_are_of_the_recommended_strategy_on_the_judged_and_shifted_sets():
    found = findings(WORLD)
    assert {row.strategy for row in found.answers} == {found.recommendations[0].strategy}
    assert [row.set for row in found.answers] == ["test", "typos"]


def test_a_draft_has_answers_on_validation_alone():
    assert [row.set for row in findings(WORLD.but(sets={"validation": 0.0})).answers] == ["validation"]


def test_confusions_count_every_answer_of_every_run_once():
    row = of_set(findings(WORLD))
    assert sum(number for _, _, number in row.confusion) == 200 * 3
    right = sum(number for true, said, number in row.confusion if true == said)
    assert right / 600 == pytest.approx(0.9, abs=0.03)
    # The synthetic world mistakes a class for the next one, and for no other.
    assert {(said - true) % 4 for true, said, _ in row.confusion} == {0, 1}


def test_classes_agree_with_the_confusions():
    row = of_set(findings(WORLD))
    for score in row.classes:
        right = sum(n for true, said, n in row.confusion if true == said == score.label)
        assert score.items == 50
        assert score.accuracy == pytest.approx(right / 150)
        assert score.low <= score.accuracy <= score.high


def test_reliability_stands_before_and_after_temperature():
    row = of_set(findings(WORLD))
    assert sum(part.answers for part in row.reliability) == 600
    assert sum(part.answers for part in row.reliability_scaled) == 600
    assert row.reliability != row.reliability_scaled


def test_without_validation_nothing_stands_after_temperature():
    assert of_set(findings(WORLD.but(sets={"test": 0.0}))).reliability_scaled == ()
