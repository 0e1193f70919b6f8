"""Draws: stratified, nested, deterministic, and MTEB's own reproduced to the index."""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.draws import TooFewLabels, draw_indices, held_out
from evaluators.data.samples import IntArray
from evaluators.errors import UsageProblem

DIGEST = "a" * 64
MTEB_BANKING77 = [
    "aba72fc2bb4f", "66582d78113f", "56a4f2dab670", "b676ced2155d", "6eabe69bda6a",
    "5a3d8db40205", "eed3f4d748a2", "f192eda14b32", "aa6504282312", "225913b69047",
]  # fmt: skip

#: Pools of two to six classes with 4 to 9 samples each, in any order.
pools = st.lists(st.integers(4, 9), min_size=2, max_size=6).flatmap(
    lambda counts: st.permutations([label for label, count in enumerate(counts) for _ in range(count)])
)


def nested(labels: IntArray, per_class: int, draw: int = 0, digest: str = DIGEST) -> IntArray:
    return draw_indices(labels, per_class=per_class, draw=draw, sampler="nested", splits_digest=digest)


@given(pools, st.integers(0, 20))
def test_a_nested_draw_is_stratified_and_holds_no_sample_twice(pool: list[int], draw: int) -> None:
    labels = np.array(pool)
    for per_class in (1, 4):
        drawn = nested(labels, per_class, draw)
        assert len(set(drawn.tolist())) == len(drawn)
        assert set(np.bincount(labels[drawn]).tolist()) == {per_class}


@given(pools, st.integers(0, 20))
def test_a_smaller_size_is_a_prefix_of_a_larger_one(pool: list[int], draw: int) -> None:
    labels = np.array(pool)
    small, large = nested(labels, 2, draw), nested(labels, 4, draw)
    assert large[: len(small)].tolist() == small.tolist()


def test_a_nested_draw_never_changes() -> None:
    labels = np.arange(40) % 4
    assert nested(labels, 2).tolist() == nested(labels, 2).tolist()
    # Written down so that no version of ours or of NumPy moves the draws unnoticed.
    assert nested(labels, 2).tolist() == [4, 9, 14, 11, 20, 5, 10, 39]


def test_another_draw_and_another_task_choose_other_samples() -> None:
    labels = np.arange(400) % 4
    draws = {tuple(sorted(nested(labels, 5, draw).tolist())) for draw in range(10)}
    assert len(draws) == 10
    assert nested(labels, 5, digest="b" * 64).tolist() != nested(labels, 5).tolist()


def test_every_sample_is_drawn_about_equally_often() -> None:
    labels = np.arange(40) % 4
    drawn = np.concatenate([nested(labels, 5, draw) for draw in range(400)])
    counts = np.bincount(drawn, minlength=40)
    # 400 draws of half of each class: mean 200, standard deviation 10.
    assert counts.min() > 155
    assert counts.max() < 245


@pytest.mark.parametrize("sampler", ["nested", "mteb"])
def test_a_scarce_class_is_named_with_what_it_has(sampler: str) -> None:
    labels = np.array([0, 0, 0, 1, 2, 2, 2])
    with pytest.raises(TooFewLabels) as caught:
        draw_indices(labels, per_class=2, draw=0, sampler=sampler, splits_digest=DIGEST)
    assert (caught.value.label, caught.value.have, caught.value.need) == (1, 1, 2)
    assert str(caught.value) == "class 1 has 1 labelled samples in the pool, 2 are needed"


def test_an_unknown_sampler_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageProblem, match="unknown sampler 'nestd'") as caught:
        draw_indices(np.array([0, 1]), per_class=1, draw=0, sampler="nestd", splits_digest=DIGEST)
    assert caught.value.hint == "did you mean nested?"


def test_mteb_draws_on_banking77_are_those_of_the_published_protocol(hub_data: Path) -> None:
    with (hub_data / "banking77" / "train.csv").open(encoding="utf-8", newline="") as stream:
        names = [row["category"] for row in csv.DictReader(stream)]
    labels = np.unique(names, return_inverse=True)[1]
    draws = [
        draw_indices(labels, per_class=8, draw=draw, sampler="mteb", splits_digest=DIGEST).tolist()
        for draw in range(10)
    ]
    assert draws[0][:5] == [6883, 5836, 8601, 2545, 8697]
    assert [sha256(",".join(map(str, drawn)).encode()).hexdigest()[:12] for drawn in draws] == MTEB_BANKING77


@given(pools, st.integers(0, 20))
def test_what_is_held_out_is_a_stratified_fifth_and_the_rest_is_fitted(pool: list[int], seed: int) -> None:
    labels = np.array(pool)
    fit, selection = held_out(labels, seed)
    assert sorted([*fit.tolist(), *selection.tolist()]) == list(range(len(labels)))
    assert len(selection) == len(labels) // 5
    for label, count in enumerate(np.bincount(labels)):
        assert count // 5 <= (labels[selection] == label).sum() <= -(-count // 5)


def test_a_single_label_is_fitted_not_held_out() -> None:
    fit, selection = held_out(np.arange(6), seed=0)
    assert (fit.tolist(), selection.tolist()) == ([0, 1, 2, 3, 4, 5], [])


def test_what_is_held_out_depends_on_the_seed_only() -> None:
    labels = np.arange(80) % 4
    assert held_out(labels, 1)[1].tolist() == held_out(labels, 1)[1].tolist()
    assert held_out(labels, 1)[1].tolist() != held_out(labels, 2)[1].tolist()
