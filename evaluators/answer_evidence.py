"""Which answers a recommended strategy gives: confusions, every class with its interval, confidence against accuracy.

Counts over all runs and no items: evidence holds no example. Classes are numbers of `TaskFacts.labels`.
"""

from __future__ import annotations

from evaluators.document import Document


class ClassScore(Document):
    """One class of one set."""

    label: int
    items: int
    """Items of the set that are of this class."""
    accuracy: float
    """Share of them that is right, the mean over runs."""
    low: float
    high: float
    """Wilson's 95 % interval of one run with the mean number right: of other items, not of other runs."""


class ConfidenceBin(Document):
    """Predictions of like confidence."""

    answers: int
    """Over all runs."""
    confidence: float
    accuracy: float


class Answers(Document):
    """What one strategy on one base answers on one set, over its runs."""

    task: str
    candidate: str
    strategy: str
    labels_per_class: int
    set: str
    runs: int
    confusion: tuple[tuple[int, int, int], ...]
    """(true class, predicted class, answers over all runs), right answers among them; what never happened is absent."""
    classes: tuple[ClassScore, ...]
    reliability: tuple[ConfidenceBin, ...]
    """Bins of equal mass, least confident first."""
    reliability_scaled: tuple[ConfidenceBin, ...] = ()
    """The same after temperature; empty where there was no validation set to fit one on."""
