"""Slices of a set: how one strategy does on each class, and which class it does worst on.

In: labels, and which items each run got right. Out: a share with Wilson's interval a class. Every task has these
slices. Runs answer the same items, so they are averaged and add nothing to n. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.intervals import Interval, wilson_interval

#: Items below which a slice is not called the worst: its share would be mostly noise.
FEWEST_ITEMS = 30


@dataclass(frozen=True)
class ClassShare:
    """A class, and the share of its items that is right: the mean over runs, n in items."""

    label: int
    share: Interval


def class_shares(labels: NDArray[np.int64], right: Sequence[NDArray[np.bool_]]) -> tuple[ClassShare, ...]:
    """Return every class that occurs, in order.

    Args:
        labels: (m,) class indices.
        right: Of each run, (m,) which items it got right; at least one run.

    Raises:
        ValueError: If there is no run, or the shapes differ.
    """
    if not right or any(run.shape != labels.shape for run in right):
        raise ValueError(f"labels {labels.shape}: as many answers of every run are expected")
    mean = np.mean(np.stack(right), axis=0)
    found = []
    for label in np.unique(labels).tolist():
        here = mean[labels == label]
        ends = wilson_interval(round(float(here.sum())), len(here))
        value = float(here.mean())
        # The interval is of whole items: with several runs the mean may lie a half item beside it.
        low, high = min(value, ends.low or 0.0), max(value, 1.0 if ends.high is None else ends.high)
        found.append(ClassShare(label, Interval(value, low, high, len(here))))
    return tuple(found)


def worst_class(shares: Sequence[ClassShare]) -> ClassShare | None:
    """Return the class with the lowest share of those with at least `FEWEST_ITEMS` items; None if there is none.

    Some class is always the lowest: its interval is not adjusted for having been picked.
    """
    large = [row for row in shares if row.share.n >= FEWEST_ITEMS]
    return min(large, key=lambda row: (row.share.value, row.label), default=None)
