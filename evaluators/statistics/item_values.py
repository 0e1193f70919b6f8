"""What each item contributes to a metric, so that a metric which is no mean over items is treated as one.

Accuracy is the mean of right and wrong. Macro-F1 is a mean over classes of quotients of counts; to first order it is
the mean of one number an item (Taylor linearisation; Cochran 1977, the infinitesimal jackknife of Jaeckel 1972). The
spread of these numbers is that of the metric over other items of the same population, which is what tests over items
need. Where a class has a handful of items the first order is not all. Pure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.kinds import IntVector

Vector = NDArray[np.float64]


def item_values(labels: IntVector, predicted: IntVector, metric: str) -> Vector:
    """Return (n,) numbers whose mean is the metric and whose spread is that of the metric over items.

    Args:
        labels: (n,) true classes, from 0.
        predicted: (n,) classes that were said, from 0.
        metric: accuracy or macro_f1.

    Raises:
        ValueError: If the shapes differ, there is no item, or the metric is another.
    """
    if labels.ndim != 1 or labels.shape != predicted.shape or not len(labels):
        raise ValueError(f"labels {labels.shape}, predictions {predicted.shape}: (n,) each are expected")
    right = labels == predicted
    if metric == "accuracy":
        shares: Vector = right.astype(np.float64)
        return shares
    if metric != "macro_f1":
        raise ValueError(f"{metric}: what an item gives to it is not known")
    classes = 1 + int(max(labels.max(), predicted.max()))
    hits = np.bincount(labels[right], minlength=classes).astype(np.float64)
    # Items of the class and items said to be of it, together: F1 is twice the hits over this.
    both = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    seen = both > 0
    f1 = np.where(seen, 2.0 * hits / np.maximum(both, 1), 0.0)
    # What one item more, that is of a class or said to be, takes from the class's F1.
    taken = f1 / np.maximum(both, 1)
    given = np.where(right, 2.0 / np.maximum(both[labels], 1), 0.0)
    change = given - taken[labels] - taken[predicted]
    mean = float(f1[seen].mean())
    values: Vector = mean + change * len(labels) / int(seen.sum())
    return values
