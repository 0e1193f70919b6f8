"""A6: MTEB's draws of Banking77, and what a model of words makes of them: the floor under every embedding.

Its sampler seeds a generator anew for each draw and shuffles the list that the draw before left, so draws differ
though the seed does not. The order of the rows is that of PolyAI's file.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from evaluators.selfcheck.figure import AbsentError, Figure, Outcome

SOURCE = "the sampler of mteb 2 and its seed, 42; the floor is ours, computed once"
SEED, DRAWS, PER_LABEL = 42, 10, 8
FIRST = (6883, 5836, 8601, 2545, 8697)
#: First 12 hex digits of the SHA-256 of each draw's row numbers, joined by commas.
DIGESTS = (
    "aba72fc2bb4f", "66582d78113f", "56a4f2dab670", "b676ced2155d", "6eabe69bda6a",
    "5a3d8db40205", "eed3f4d748a2", "f192eda14b32", "aa6504282312", "225913b69047",
)  # fmt: skip
FLOOR = Figure("A6", "Banking77, 8 a label, TF-IDF + logistic regression, mean of ten draws", 63.83, 0.1, "%")


@dataclass(frozen=True)
class Banking:
    """The two sets of Banking77.

    Attributes:
        train: Texts and their labels.
        test: Texts and their labels.
    """

    train: tuple[tuple[str, ...], tuple[str, ...]]
    test: tuple[tuple[str, ...], tuple[str, ...]]


def check(data: Path) -> Iterator[Outcome]:
    """Draw, compare the draws, and score the floor on them.

    Raises:
        AbsentError: If the questions are not there.
    """
    banking = read_banking(data)
    texts, labels = banking.train
    drawn = draws(labels)
    same = sum(value == published for value, published in zip(drawn[0], FIRST, strict=False))
    yield Outcome(Figure("A6", "first five rows of MTEB's first draw that are equal", len(FIRST), 0.0), same)
    equal = sum(digest(rows) == published for rows, published in zip(drawn, DIGESTS, strict=True))
    yield Outcome(Figure("A6", "draws of ten whose rows are all equal", DRAWS, 0.0), equal)
    accuracies = [
        _floor([texts[row] for row in rows], [labels[row] for row in rows], banking) for rows in drawn
    ]
    yield Outcome(FLOOR, 100.0 * float(np.mean(accuracies)))


def read_banking(data: Path) -> Banking:
    """Read both sets.

    Raises:
        AbsentError: If they are not there.
    """
    sets = []
    for name in ("train", "test"):
        path = data / "banking77" / f"{name}.csv"
        if not path.is_file():
            raise AbsentError(f"no {path.relative_to(data)} (from PolyAI-LDN/task-specific-datasets)")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
        texts, labels = zip(*rows, strict=True)
        sets.append((texts, labels))
    return Banking(*sets)


def draws(labels: Sequence[str], *, per_label: int = PER_LABEL, count: int = DRAWS) -> list[list[int]]:
    """Return the rows of each draw, in the order in which they are drawn."""
    order = np.arange(len(labels))
    found = []
    for _ in range(count):
        np.random.RandomState(SEED).shuffle(order)
        taken: Counter[str] = Counter()
        rows = []
        for row in order.tolist():
            if taken[labels[row]] < per_label:
                taken[labels[row]] += 1
                rows.append(row)
        found.append(rows)
    return found


def digest(rows: Sequence[int]) -> str:
    """Return the first 12 digits of the SHA-256 of row numbers."""
    return hashlib.sha256(",".join(map(str, rows)).encode()).hexdigest()[:12]


def _floor(texts: Sequence[str], labels: Sequence[str], banking: Banking) -> float:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=100)).fit(texts, labels)
    return float(np.mean(model.predict(banking.test[0]) == np.array(banking.test[1])))
