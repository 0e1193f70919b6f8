"""Carving: disjoint, complete, stratified, and independent of the order of the rows."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.carving import carve

SHARES = {"test": 0.25, "validation": 0.2}


def digests_of(contents: list[str]) -> list[str]:
    return [sha256(content.encode()).hexdigest() for content in contents]


def carved(contents: list[str], labels: list[str], seed: int = 0) -> dict[str, set[int]]:
    rows = carve(digests_of(contents), labels, shares=SHARES, seed=seed)
    return {role: set(chosen.tolist()) for role, chosen in rows.items()}


#: Rows of few distinct contents and labels, so that copies and contradictions are common.
tables = st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.sampled_from("xyz")), min_size=1, max_size=60)


@given(tables, st.integers(0, 5))
def test_every_row_has_one_role_and_copies_stay_together(rows: list[tuple[str, str]], seed: int) -> None:
    contents, labels = [content for content, _ in rows], [label for _, label in rows]
    roles = carved(contents, labels, seed)
    assert sorted(row for chosen in roles.values() for row in chosen) == list(range(len(rows)))
    of_content: dict[str, set[str]] = {}
    for role, chosen in roles.items():
        for row in chosen:
            of_content.setdefault(contents[row], set()).add(role)
    assert all(len(found) == 1 for found in of_content.values())


@given(tables, st.randoms())
def test_sorting_the_file_moves_nobody(rows: list[tuple[str, str]], random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)

    def by_content(table: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
        roles = carved([content for content, _ in table], [label for _, label in table])
        return {role: sorted(table[row] for row in chosen) for role, chosen in roles.items()}

    assert by_content(rows) == by_content(shuffled)


def test_each_class_keeps_its_share_in_each_role() -> None:
    contents = [f"text {number}" for number in range(300)]
    labels = ["common"] * 200 + ["rare"] * 100
    roles = carved(contents, labels)
    assert {role: len(rows) for role, rows in roles.items()} == {"train": 165, "test": 75, "validation": 60}
    assert sum(row < 200 for row in roles["test"]) == 50


def test_three_samples_of_a_class_give_one_to_each_role_and_two_leave_validation_out() -> None:
    assert {role: len(rows) for role, rows in carved(["a", "b", "c"], ["x"] * 3).items()} == {
        "train": 1, "test": 1, "validation": 1,
    }  # fmt: skip
    assert {role: len(rows) for role, rows in carved(["a", "b"], ["x"] * 2).items()} == {
        "train": 1, "test": 1, "validation": 0,
    }  # fmt: skip


def test_another_seed_gives_another_division() -> None:
    contents = [f"text {number}" for number in range(60)]
    assert carved(contents, ["x"] * 60, seed=0) != carved(contents, ["x"] * 60, seed=1)


def test_rows_of_a_role_keep_the_order_of_the_file() -> None:
    contents = [f"text {number}" for number in range(60)]
    for rows in carve(digests_of(contents), ["x"] * 60, shares=SHARES, seed=0).values():
        assert rows.tolist() == sorted(rows.tolist())


def test_a_row_added_to_one_class_moves_nobody_of_another() -> None:
    contents = [f"text {number}" for number in range(40)]
    labels = ["x", "y"] * 20
    before = carved(contents, labels)
    after = carved([*contents, "new"], [*labels, "y"])
    for role, rows in before.items():
        assert {row for row in rows if labels[row] == "x"} == {
            row for row in after[role] if row < 40 and labels[row] == "x"
        }
