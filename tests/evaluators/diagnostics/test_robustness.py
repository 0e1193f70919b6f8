"""Effective robustness: found where it was put, nothing beyond it, refused where the references are too few."""

import numpy as np
import pytest

from evaluators.diagnostics.robustness import robustness_line

ITEMS = (2000, 2000)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def on_a_line(count, *, intercept=-0.6, slope=0.9):
    logits = np.linspace(-1.0, 2.5, count)
    return sigmoid(logits), sigmoid(intercept + slope * logits)


def test_a_line_in_logits_is_found_exactly():
    own, shifted = on_a_line(8)
    line = robustness_line(own, shifted, items=ITEMS)
    assert (line.intercept, line.slope) == (pytest.approx(-0.6), pytest.approx(0.9))
    assert line.residual_sd == pytest.approx(0.0, abs=1e-12)
    assert line.at(0.8, items=2000) == pytest.approx(sigmoid(-0.6 + 0.9 * np.log(4)))


def test_the_spread_is_in_points_of_the_score():
    own, shifted = on_a_line(400)
    noise = np.random.default_rng(0).normal(0.0, 0.02, 400)
    assert robustness_line(own, shifted + noise, items=ITEMS).residual_sd == pytest.approx(0.02, rel=0.1)


def test_seven_references_are_refused():
    own, shifted = on_a_line(7)
    assert robustness_line(own, shifted, items=ITEMS) is None


def test_arms_that_all_score_alike_give_no_line():
    assert robustness_line(np.full(9, 0.8), np.linspace(0.6, 0.7, 9), items=ITEMS) is None


def test_a_perfect_score_has_a_logit_too():
    own, shifted = on_a_line(9)
    own[-1] = 1.0
    line = robustness_line(own, shifted, items=ITEMS)
    assert np.isfinite([line.intercept, line.slope, line.residual_sd, line.at(1.0, items=2000)]).all()


def test_scores_of_other_arms_are_refused():
    with pytest.raises(ValueError, match="one an arm"):
        robustness_line(np.ones(8), np.ones(9), items=ITEMS)
