"""Rows of several evaluations become one: the newest score counts, in whatever order they come."""

from __future__ import annotations

from itertools import permutations

from hub.tracking.row_scores import RowScore, covers, merged


def of(created, *sets, value=0.5):
    return tuple(RowScore("accuracy", name, "d", 8, value, f"{value}", created) for name in sets)


def test_the_newest_counts_whatever_comes_first():
    several = (
        of(1, "test", "validation", value=0.1),
        of(2, "validation", value=0.2),
        of(3, "typos", value=0.3),
    )
    expected = {"test": 0.1, "validation": 0.2, "typos": 0.3}
    for order in permutations(several):
        assert {score.dataset: score.value for score in merged(*order)} == expected
    once = merged(*several)
    assert merged(once, *several) == once


def test_what_has_everything_as_new_covers_and_nothing_else_does():
    older, newer = of(1, "test", "validation"), of(2, "validation")
    assert not covers(newer, older)
    assert not covers(older, newer)
    assert covers(merged(newer, older), older)
    assert covers(merged(newer, older), newer)
