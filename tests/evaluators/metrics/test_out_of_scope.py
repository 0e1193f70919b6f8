"""Confidence against out-of-scope samples: equal to scikit-learn, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluators.metrics.out_of_scope import out_of_scope_metrics


@pytest.mark.parametrize("inside", [1, 19, 20, 21, 400])
@pytest.mark.parametrize("decimals", [1, 6], ids=["ties", "distinct"])
def test_metrics_equal_scikit_learn(inside: int, decimals: int) -> None:
    generator = np.random.default_rng(inside)
    known = np.round(generator.dirichlet([0.4] * 4, size=inside), decimals).astype(np.float32)
    unknown = np.round(generator.dirichlet([1.0] * 4, size=97), decimals).astype(np.float32)
    truth = np.repeat([1, 0], [inside, 97])
    scores = np.concatenate([known.max(axis=1), unknown.max(axis=1)])
    fpr, tpr, _ = sklearn_metrics.roc_curve(truth, scores, drop_intermediate=False)
    found = out_of_scope_metrics(known, unknown)
    assert found["auroc"] == pytest.approx(sklearn_metrics.roc_auc_score(truth, scores))
    assert found["fpr_at_95_tpr"] == pytest.approx(fpr[np.argmax(tpr >= 0.95)])


def test_confidence_that_knows_nothing_is_chance() -> None:
    rows = np.full((40, 4), 0.25, dtype=np.float32)
    assert out_of_scope_metrics(rows, rows) == {"auroc": 0.5, "fpr_at_95_tpr": 1.0}


def test_an_empty_set_is_refused() -> None:
    rows = np.full((4, 2), 0.5, dtype=np.float32)
    with pytest.raises(ValueError, match="at least one row"):
        out_of_scope_metrics(rows, rows[:0])
