"""Looking at features before training: better features look better, and a guess that size beats is called so."""

from dataclasses import replace

import numpy as np
import pytest

from evaluators.advice.prescreen import _probe, looks, prescreen

LABELS = np.repeat(np.arange(4), 10)


def _features(apart, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 12)) * apart
    return centres[LABELS] + rng.normal(size=(40, 12))


def test_features_that_separate_the_classes_look_better_by_every_score():
    good, poor = (looks("m", _features(apart), LABELS, size=1) for apart in (3.0, 0.1))
    for name in ("log_me", "h_score", "neighbours", "probe"):
        assert getattr(good, name) > getattr(poor, name), name
    assert good.neighbours == 1.0
    assert poor.neighbours < 0.6


def test_the_probe_is_what_leaving_each_sample_out_gives():
    features = _features(0.7)
    wanted = np.eye(4)[LABELS]
    centred = features - features.mean(axis=0)
    ridge = 0.1 * np.mean(np.linalg.svd(centred, compute_uv=False) ** 2)
    right = 0
    for one in range(len(LABELS)):
        rest = np.arange(len(LABELS)) != one
        # The intercept is not shrunk; the same ridge as with all samples.
        x = np.column_stack([np.ones(rest.sum()), centred[rest]])
        penalty = np.diag([0.0, *[ridge] * 12])
        weights = np.linalg.solve(x.T @ x + penalty, x.T @ wanted[rest])
        right += int(np.argmax(np.r_[1.0, centred[one]] @ weights) == LABELS[one])
    assert _probe(features, LABELS) == pytest.approx(right / len(LABELS))


def test_classes_that_were_not_drawn_do_not_count():
    gaps = LABELS * 3 + 1
    assert looks("m", _features(2.0), gaps, size=1) == looks("m", _features(2.0), LABELS, size=1)


def _rows(sizes, realised):
    same = looks("m", _features(1.0), LABELS, size=1)
    return [
        replace(same, candidate=f"m{i}", size=size, probe=0.5 + i / 100, realised=value)
        for i, (size, value) in enumerate(zip(sizes, realised, strict=True))
    ]


def test_a_score_that_orders_better_than_size_is_not_marked_and_one_that_orders_nothing_is():
    found = prescreen(_rows([30, 20, 10, 5], [0.6, 0.7, 0.8, 0.9]))
    assert found.worth["size"] == pytest.approx(-1.0)
    assert found.worth["probe"] == pytest.approx(1.0)
    assert "probe" not in found.no_better_than_size
    found = prescreen(_rows([5, 10, 20, 30], [0.6, 0.7, 0.8, 0.9]))
    assert set(found.no_better_than_size) == {"log_me", "h_score", "neighbours", "probe"}
    assert "not better than size alone" in found.sentence


def test_two_models_say_nothing_of_an_order():
    found = prescreen(_rows([5, 10], [0.6, 0.7]))
    assert not found.worth
    assert "takes 3 models" in found.sentence
    assert [row.candidate for row in found.looks] == ["m1", "m0"]
