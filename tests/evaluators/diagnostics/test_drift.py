"""How far features moved: nothing where they are equal, little where they were turned, all where they are others."""

from __future__ import annotations

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


def test_other_features_share_little():
    # Of independent features CKA is not 0 at few samples: about width / samples (here 8 / 60).
    assert linear_cka(features(), features(seed=2)) < 0.25
    assert neighbour_overlap(features(), features(seed=2)) == pytest.approx(10 / 59, abs=0.05)


def test_cka_is_that_of_the_definition():
    before = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]], dtype=np.float32)
    after = np.array([[1.0], [0.0], [3.0]], dtype=np.float32)
    centre = np.eye(3) - 1 / 3
    left, right = centre @ before @ before.T @ centre, centre @ after @ after.T @ centre
    expected = np.sum(left * right) / (np.linalg.norm(left) * np.linalg.norm(right))
    assert linear_cka(before, after) == pytest.approx(expected)


@pytest.mark.parametrize("width", [8, 200])
def test_more_features_than_samples_give_the_same_number_as_the_definition(width):
    before, after = features(50, width), features(50, width, seed=3) + features(50, width)
    centred = [matrix.astype(float) - matrix.astype(float).mean(axis=0) for matrix in (before, after)]
    cross, own = centred[0].T @ centred[1], [matrix.T @ matrix for matrix in centred]
    expected = np.linalg.norm(cross) ** 2 / (np.linalg.norm(own[0]) * np.linalg.norm(own[1]))
    assert linear_cka(before, after) == pytest.approx(expected)


def test_constant_features_have_no_alignment():
    assert linear_cka(np.ones((5, 2), dtype=np.float32), np.ones((5, 2), dtype=np.float32)) is None


def test_widths_may_differ():
    assert 0.0 < linear_cka(features(), features(width=3)) < 1.0


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
