"""A4: transferability scores on data that everybody has, against the reference code of their field.

The values are what thuml/Transfer-Learning-Library gives for scikit-learn's iris, wine (standardised) and digits
(divided by 16), and for a random source classifier on iris. They are parity values, in no paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn import datasets

from evaluators.diagnostics.transferability import (
    h_score,
    leep,
    log_me,
    negative_conditional_entropy,
    regularised_h_score,
    trans_rate,
)
from evaluators.selfcheck.figure import Figure, Outcome

SOURCE = "tllib.ranking of thuml/Transfer-Learning-Library, run on scikit-learn's data"
OF_FEATURES = {
    "LogME": log_me,
    "H-score": h_score,
    "regularised H-score": regularised_h_score,
    "TransRate": trans_rate,
}
#: By data set, in the order of `OF_FEATURES`.
PARITY = {
    "iris": (-0.160060, 1.191899, 1.177842, 0.589405),
    "wine": (-0.537707, 1.705821, 1.672600, 2.667122),
    "digits": (0.270278, 5.917909, 5.851433, 29.828333),
}
SOURCE_PARITY = {"LEEP": -0.813607, "NCE": -0.473058}
TOLERANCE = 1e-5


def check(data: Path) -> Iterator[Outcome]:  # noqa: ARG001 - the data come with scikit-learn
    """Compute the fourteen scores."""
    for name, expected in PARITY.items():
        features, labels = _features(name)
        for (score, function), value in zip(OF_FEATURES.items(), expected, strict=True):
            yield Outcome(Figure("A4", f"{score}, {name}", value, TOLERANCE), function(features, labels))
    features, labels = _features("iris")
    source = softmax(features @ np.random.RandomState(0).randn(4, 5), axis=1)
    found = {"LEEP": leep(source, labels), "NCE": negative_conditional_entropy(source.argmax(axis=1), labels)}
    for score, value in SOURCE_PARITY.items():
        yield Outcome(Figure("A4", f"{score}, iris", value, TOLERANCE), found[score])


def _features(name: str) -> tuple[np.ndarray, np.ndarray]:
    load = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits}[name]
    features, labels = load(return_X_y=True)
    if name == "wine":
        features = (features - features.mean(axis=0)) / features.std(axis=0)
    return features / 16.0 if name == "digits" else features, labels
