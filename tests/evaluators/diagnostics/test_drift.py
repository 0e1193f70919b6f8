"""How far features moved: nothing where they are equal, little where they were turned, all where they are others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from evaluators.diagnostics.drift import linear_cka, neighbour_overlap


def features(rows=60, width=8, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def turned(matrix):
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(matrix.shape[1], matrix.shape[1])))
    return (matrix @ rotation).astype(np.float32)


def test_equal_features_have_not_moved_to_the_last_bit():
    assert linear_cka(features(), features()) == 1.0
    assert neighbour_overlap(features(), features()) == 1.0


def test_what_was_turned_and_scaled_is_the_same_geometry():
    assert linear_cka(features(), 3.0 * turned(features())) == pytest.approx(1.0, abs=1e-6)
    assert neighbour_overlap(features(), 3.0 * turned(features())) == 1.0


@pytest.mark.parametrize("width", [8, 200])
def test_features_that_share_nothing_are_at_zero_whatever_their_width(width):
    # The usual estimate gives .12 and .77 here.
    found = [
        linear_cka(features(width=width, seed=seed), features(width=width, seed=seed + 100))
        for seed in range(40)
    ]
    assert np.mean(found) == pytest.approx(0.0, abs=0.02)
    assert neighbour_overlap(features(), features(seed=2)) == pytest.approx(10 / 59, abs=0.05)


def test_half_of_the_features_kept_is_the_same_at_few_samples_and_at_many():
    def half_kept(rows):
        before = features(rows, 40)
        return linear_cka(before, np.hstack([before[:, :20], features(rows, 20, seed=5)]))

    assert half_kept(60) == pytest.approx(half_kept(4000), abs=0.06)
    assert half_kept(4000) == pytest.approx(0.5, abs=0.02)


def test_cka_is_that_of_the_definition():
    before, after = features(6, 3), features(6, 2, seed=4)

    def unbiased(left, right):
        # Song et al. (2012): the mean over distinct places i, j, q, r, written out.
        places = list(itertools.permutations(range(6), 4))
        return np.mean([left[i, j] * (right[i, j] + right[q, r] - 2 * right[i, q]) for i, j, q, r in places])

    first, second = (rows.astype(float) @ rows.astype(float).T for rows in (before, after))
    expected = unbiased(first, second) / np.sqrt(unbiased(first, first) * unbiased(second, second))
    assert linear_cka(before, after) == pytest.approx(expected)


def test_constant_features_have_no_alignment():
    assert linear_cka(np.ones((5, 2), dtype=np.float32), np.ones((5, 2), dtype=np.float32)) is None


def test_widths_may_differ():
    assert 0.2 < linear_cka(features(), features()[:, :3]) < 1.0


def test_one_swapped_neighbour_is_a_tenth_of_a_sample():
    before = features(12, 4)
    after = before.copy()
    after[0] = -before[0]
    assert neighbour_overlap(before, after) < 1.0


def test_features_of_other_samples_are_refused():
    with pytest.raises(ValueError, match="of the same samples"):
        linear_cka(features(5), features(6))
    with pytest.raises(ValueError, match="have no 10 neighbours"):
        neighbour_overlap(features(10), features(10))
    with pytest.raises(ValueError, match="without bias needs 4"):
        linear_cka(features(3), features(3))
