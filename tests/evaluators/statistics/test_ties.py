"""Against the best: the paired t of every pair after Holm, and the family-wise error among equals."""

import numpy as np
import pytest

from evaluators.statistics.holm import holm
from evaluators.statistics.paired import paired_t
from evaluators.statistics.ties import against_the_best


def false_claims(arms, runs, repetitions=4000, seed=0):
    """Share of null evaluations, run noise shared by all arms and none told from another, that call an arm worse."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(repetitions, arms, runs)) + generator.normal(size=(repetitions, 1, runs))
    found = (against_the_best(one) for one in scores)
    return np.mean([any(one.is_worse(arm) for arm in range(arms)) for one in found])


@pytest.mark.parametrize(("arms", "runs"), [(2, 5), (3, 10), (8, 5)])
def test_among_equals_one_is_called_worse_in_at_most_six_per_cent(arms, runs):
    assert 0.005 < false_claims(arms, runs) <= 0.06


def test_p_is_that_of_the_paired_t_after_holm_over_all_pairs():
    scores = np.random.default_rng(1).normal(size=(3, 6)) + np.array([[0.0], [1.0], [3.0]])
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = holm([paired_t(scores[a] - scores[b]).p_value for a, b in pairs])
    found = against_the_best(scores)
    assert (found.best, found.comparisons) == (2, 3)
    assert found.p_adjusted == pytest.approx((expected[1], expected[2], 1.0))


def test_what_is_far_behind_is_shown_to_be_worse_and_what_is_near_is_not():
    noise = np.random.default_rng(2).normal(size=(3, 5)) * 0.01
    found = against_the_best(np.array([[0.9], [0.5], [0.9]]) + noise)
    assert [found.is_worse(arm) for arm in range(3)] == [False, True, False]


def test_runs_that_failed_are_left_out_of_their_pairs():
    scores = np.random.default_rng(3).normal(size=(2, 6)) + np.array([[1.0], [0.0]])
    scores[1, 4] = np.nan
    kept = np.delete(scores, 4, axis=1)
    assert against_the_best(scores).p_adjusted[1] == pytest.approx(paired_t(kept[0] - kept[1]).p_value)


@pytest.mark.parametrize("scores", [[[0.9], [0.1]], [[0.9, 0.9], [0.1, 0.1]]])
def test_one_run_and_runs_that_all_agree_show_nothing(scores):
    assert against_the_best(np.array(scores)).p_adjusted == (1.0, 1.0)


def test_an_arm_without_a_score_is_refused():
    with pytest.raises(ValueError, match="at least one score"):
        against_the_best(np.array([[0.5], [np.nan]]))
