"""Pairs for contrastive fine-tuning, and what training on them does."""

import numpy as np

from evaluators.engine.contrastive import draw_pairs
from evaluators.engine.encode import encode
from evaluators.engine.fit import fit
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import silent

LABELS = np.array([0, 0, 0, 1, 1, 2])
SETFIT = strategy("setfit")


def test_a_sample_has_as_many_pairs_of_one_label_as_of_two_and_none_with_itself():
    pairs = draw_pairs(LABELS, 10, seed=0)
    first, second = pairs.places.T
    assert np.array_equal(pairs.alike, LABELS[first] == LABELS[second])
    assert (first != second).all()
    # The only sample of label 2 has no other of its label.
    assert pairs.alike.sum() == 50
    assert (~pairs.alike).sum() == 60
    assert not np.array_equal(first, np.sort(first))


def test_pairs_are_a_function_of_the_seed():
    first, again, other = (draw_pairs(LABELS, 3, seed=seed).places for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_draw_that_tells_nothing_apart_has_no_pairs():
    assert len(draw_pairs(np.array([1]), 5, seed=0).places) == 0
    assert draw_pairs(np.array([1, 1]), 5, seed=0).alike.all()


def test_texts_of_a_label_come_closer_to_each_other_than_to_others(worlds):
    world = worlds["text"]
    fitted = fit(SETFIT, world.job(SETFIT, learning_rate=1e-3, max_steps=40))
    trunk = fitted.network.backbone

    def gap(backbone):
        features = encode(backbone, world.test.samples, dtype="float32", progress=silent)
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        alike = world.test.labels[:, None] == world.test.labels[None, :]
        return (unit @ unit.T)[alike].mean() - (unit @ unit.T)[~alike].mean()

    assert gap(trunk) > 5 * gap(world.backbone()) > 0
