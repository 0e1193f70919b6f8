"""Rows of a leaderboard: one order a set, the newest document counts, nothing is mixed without a word."""

from __future__ import annotations

import pytest

from hub.board import leaderboard, letters
from tests.hub.boards import TASK, measured, source
from tests.synthetic import World

WORLD = World(runs=3, items=60)


def board(*documents, **asked):
    return leaderboard([source(found) for found in documents], TASK.id, TASK.digest, **asked)


@pytest.fixture(scope="module")
def first():
    return measured(WORLD)


@pytest.fixture(scope="module")
def other():
    return measured(WORLD.but(candidate="other", accuracy={"lora": 0.99, "linear-probe": 0.5}), day=3)


def test_the_locked_test_and_validation_are_two_orders(first):
    sections = board(first)
    assert [section.set for section in sections] == ["test", "validation"]
    for section in sections:
        values = [row.estimate.value for row in section.rows]
        assert values == sorted(values, reverse=True)
        assert len(values) == len(WORLD.accuracy)


def test_where_the_test_was_never_opened_there_is_validation_alone():
    ordinary = measured(WORLD.but(sets={"validation": 0.0}))
    assert [section.set for section in board(ordinary)] == ["validation"]


def test_rows_of_two_documents_stand_in_one_order_and_say_which_they_are_of(first, other):
    rows = board(first, other)[0].rows
    assert (rows[0].base, rows[0].strategy) == ("other", "lora")
    assert {row.source.evidence.findings.digest for row in rows} == {
        first.findings.digest,
        other.findings.digest,
    }
    named = letters([row.source for row in rows])
    assert sorted(named.values()) == ["A", "B"]
    assert named[source(other).place] == "A"


@pytest.mark.parametrize("turn", [1, -1])
def test_the_newest_of_two_documents_about_the_same_arm_counts(first, turn):
    again = measured(WORLD.but(accuracy={"linear-probe": 0.99, "majority": 0.25}), day=9)
    rows = {row.strategy: row for row in board(*[first, again][::turn])[0].rows}
    assert rows["linear-probe"].source.evidence == again
    assert rows["lora"].source.evidence == first
    assert len(rows) == len(WORLD.accuracy)


def test_other_bytes_of_the_same_name_are_another_row(first):
    again = measured(WORLD.but(digest="f" * 64, accuracy={"linear-probe": 0.9}), day=9)
    rows = [row for row in board(first, again)[0].rows if row.strategy == "linear-probe"]
    assert len({row.base_digest for row in rows}) == 2


def test_the_size_is_the_largest_measured_and_what_has_no_row_is_counted(first):
    small = measured(WORLD.but(candidate="small", sizes=(2,), accuracy={"knn": 0.9}), day=3)
    section = board(first, small)[0]
    assert section.labels_per_class == 8
    assert section.elsewhere == ((2, 1),)
    assert {row.base for row in board(first, small, size=2)[0].rows} >= {"mini", "small"}


def test_protocols_are_told_apart_and_one_can_be_asked_for(first):
    quick = measured(WORLD.but(accuracy={"linear-probe": 0.7}), day=9, protocol="quick")
    section = board(first, quick)[0]
    assert section.protocols == ("quick", "standard")
    assert len([row for row in section.rows if row.strategy == "linear-probe"]) == 2
    assert [row.protocol for row in board(first, quick, protocol="quick")[0].rows] == ["quick"]


def test_data_with_another_digest_are_no_part_of_it(first):
    assert board(measured(WORLD, digest="e" * 64)) == ()
    assert len(board(first, measured(WORLD.but(candidate="x"), digest="e" * 64))[0].rows) == len(
        WORLD.accuracy
    )


def test_ties_are_those_of_the_document(first):
    group = next(g for g in first.findings.tie_groups if (g.set, g.labels_per_class) == ("test", 8))
    ties = {(row.base, row.strategy): row.tie for row in board(first)[0].rows}
    assert ties[group.best.candidate, group.best.strategy] == "best"
    assert {arm for arm, tie in ties.items() if tie == "tied"} == {
        (t.candidate, t.strategy) for t in group.tied
    }
    assert {arm for arm, tie in ties.items() if tie == "worse"} == {
        (w.candidate, w.strategy) for w in group.worse
    }
    assert "worse" in ties.values()
