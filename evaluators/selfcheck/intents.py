"""A2: a linear SVM on words over the intents of CLINC150, and what it makes of questions of no intent.

Larson et al. 2019, table 2: one-hot words, a linear kernel, C=1, the questions of no intent a class of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from evaluators.selfcheck.figure import AbsentError, Figure, Outcome

SOURCE = "Larson et al. 2019, table 2, SVM"
#: Published accuracy on the intents, and recall of questions of no intent, in per cent, by the name of the set.
PUBLISHED = {
    "full": (91.0, 14.5),
    "small": (89.6, 18.6),
    "imbalanced": (89.9, 16.0),
    "oos_plus": (90.1, 29.8),
}
#: Points. Their multi-class scheme is not said; one-against-one gives 88.2.
ACCURACY, RECALL = 0.8, 4.0


def check(data: Path) -> Iterator[Outcome]:
    """Train and score every set that is there.

    Raises:
        AbsentError: If none is.
    """
    folder = data / "clinc150"
    if not folder.is_dir():
        raise AbsentError("no clinc150/ (from clinc/oos-eval)")
    for name, (accuracy, recall) in PUBLISHED.items():
        figures = (
            Figure("A2", f"CLINC150 {name}, linear SVM, accuracy on intents", accuracy, ACCURACY, "%"),
            Figure("A2", f"CLINC150 {name}, linear SVM, recall out of scope", recall, RECALL, "%"),
        )
        path = folder / f"data_{name}.json"
        if path.is_file():
            found = scores(json.loads(path.read_text(encoding="utf-8")))
            yield from (Outcome(figure, value) for figure, value in zip(figures, found, strict=True))
        else:
            yield from (Outcome(figure, None, f"no clinc150/{path.name}") for figure in figures)


def scores(rows: dict[str, list[tuple[str, str]]]) -> tuple[float, float]:
    """Return accuracy on the intents and recall of questions of no intent, in per cent.

    Args:
        rows: Text and intent, by set, as the file has them.
    """
    texts, labels = zip(*rows["train"], *rows["oos_train"], strict=True)
    model = make_pipeline(CountVectorizer(binary=True), LinearSVC(C=1.0, random_state=0)).fit(texts, labels)
    right = [
        float(
            np.mean(
                model.predict([text for text, _ in rows[name]])
                == np.array([label for _, label in rows[name]])
            )
        )
        for name in ("test", "oos_test")
    ]
    return 100.0 * right[0], 100.0 * right[1]
