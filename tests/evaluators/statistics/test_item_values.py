"""A metric as a mean over items: the mean is the metric, and the spread is that of other items."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.metrics.classification import macro_f1
from evaluators.statistics.item_values import item_values


def answers(seed, items=400, classes=5, right=0.7):
    generator = np.random.default_rng(seed)
    labels = generator.choice(classes, size=items, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    said = np.where(generator.random(items) < right, labels, generator.integers(0, classes, items))
    return labels.astype(np.int64), said.astype(np.int64)


def test_the_mean_is_the_metric():
    labels, said = answers(0)
    assert item_values(labels, said, "accuracy").mean() == pytest.approx(np.mean(labels == said))
    assert item_values(labels, said, "macro_f1").mean() == pytest.approx(macro_f1(labels, np.eye(5)[said]))


def test_the_spread_is_that_of_macro_f1_over_other_items_of_the_same_population():
    errors = [
        item_values(labels, said, "macro_f1").std() / np.sqrt(len(labels))
        for labels, said in (answers(seed) for seed in range(300))
    ]
    seen = np.std([macro_f1(labels, np.eye(5)[said]) for labels, said in map(answers, range(300))])
    assert np.mean(errors) == pytest.approx(seen, rel=0.12)


def test_a_class_that_nobody_has_and_nobody_is_said_to_be_changes_nothing():
    labels, said = answers(1)
    moved = np.where(labels > 2, labels + 7, labels), np.where(said > 2, said + 7, said)
    assert np.array_equal(item_values(*moved, "macro_f1"), item_values(labels, said, "macro_f1"))


def test_all_right_has_no_spread():
    labels, _ = answers(2)
    assert np.allclose(item_values(labels, labels, "macro_f1"), 1.0)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(n,\) each"):
        item_values(np.zeros(3, dtype=np.int64), np.zeros(4, dtype=np.int64), "accuracy")
