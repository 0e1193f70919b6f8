"""The `evaluate.Metric` adapters give what our functions and scikit-learn give, without any download."""

from __future__ import annotations

import evaluate
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluators.metrics import adapters
from evaluators.metrics.classification import classification_metrics

LABELS = np.array([0, 1, 2, 2, 1, 0, 2, 1], dtype=np.int64)
PROBABILITIES = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], size=8).astype(np.float32)
ADAPTERS = [adapters.AccuracyMetric, adapters.MacroF1Metric, adapters.CalibrationErrorMetric]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_adapter_equals_the_function(adapter: type[adapters.ProbabilityMetric]) -> None:
    found = adapter(keep_in_memory=True).compute(predictions=PROBABILITIES, references=LABELS)
    assert found == {adapter.key: pytest.approx(classification_metrics(LABELS, PROBABILITIES)[adapter.key])}


def test_adapters_equal_scikit_learn_and_combine() -> None:
    combined = evaluate.combine([adapter(keep_in_memory=True) for adapter in ADAPTERS[:2]])
    found = combined.compute(predictions=PROBABILITIES.tolist(), references=LABELS.tolist())
    predictions = PROBABILITIES.argmax(axis=1)
    assert found["accuracy"] == sklearn_metrics.accuracy_score(LABELS, predictions)
    assert found["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(LABELS, predictions, average="macro"))


def test_batches_add_up_to_the_whole() -> None:
    metric = adapters.AccuracyMetric(keep_in_memory=True)
    for half in (slice(0, 3), slice(3, 8)):
        metric.add_batch(predictions=PROBABILITIES[half], references=LABELS[half])
    assert metric.compute()["accuracy"] == np.mean(PROBABILITIES.argmax(axis=1) == LABELS)
