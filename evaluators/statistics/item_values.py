"""What each item contributes to a metric, so that a metric which is no mean over items is treated as one.

Accuracy is the mean of right and wrong. Macro-F1 is a mean over classes of quotients of counts; to first order it is
the mean of one number an item (Taylor linearisation; Cochran 1977, the infinitesimal jackknife of Jaeckel 1972). The
spread of these numbers is that of the metric over other items of the same population, which is what tests over items
need. Where a class has a handful of items the first order is not all. Pure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.kinds import A, IntVector, ItemKinds

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
    if metric == "accuracy":
        shares: Vector = (labels == predicted).astype(np.float64)
        return shares
    if metric != "macro_f1":
        raise ValueError(f"{metric}: what an item gives to it is not known")
    classes = 1 + int(max(labels.max(), predicted.max()))
    pairs, of_item, counts = np.unique(labels * classes + predicted, return_inverse=True, return_counts=True)
    said = pairs % classes
    kinds = ItemKinds(np.stack([pairs // classes, said, said], axis=1), counts)
    score, moved = kinds.influence("macro_f1", kinds.all, A)
    values: Vector = score[0] + len(labels) * moved[0][of_item]
    return values
