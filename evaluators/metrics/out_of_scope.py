"""Does confidence tell a known question from one that no label fits?

In: the class probabilities of samples that have a label and of samples that have none. The score is the
largest probability of a row (Hendrycks and Gimpel 2017); in scope is the positive class. Out: plain floats.
NumPy only.
"""

from __future__ import annotations

import math

import numpy as np

from evaluators.data.samples import FloatArray


def out_of_scope_metrics(
    in_scope_probabilities: FloatArray, out_probabilities: FloatArray
) -> dict[str, float]:
    """Return how well confidence tells in-scope from out-of-scope samples.

    Args:
        in_scope_probabilities: (m, K), m at least 1.
        out_probabilities: (q, K), q at least 1.

    Returns:
        `auroc` and `fpr_at_95_tpr`, both in [0, 1].

    Raises:
        ValueError: If a set is empty, is not a matrix, or holds numbers that are not finite.
    """
    inside, outside = _confidence(in_scope_probabilities), _confidence(out_probabilities)
    return {"auroc": auroc(inside, outside), "fpr_at_95_tpr": fpr_at_95_tpr(inside, outside)}


def auroc(in_scores: FloatArray, out_scores: FloatArray) -> float:
    """Return the probability that an in-scope score is above an out-of-scope one; a tie counts half.

    Args:
        in_scores: (m,) scores of in-scope samples.
        out_scores: (q,) scores of out-of-scope samples.

    Returns:
        The area under the ROC curve in [0, 1]; 0.5 is chance (Mann and Whitney 1947).
    """
    ordered = np.sort(out_scores)
    below = np.searchsorted(ordered, in_scores, side="left")
    not_above = np.searchsorted(ordered, in_scores, side="right")
    return float(np.mean(below + not_above) / (2 * len(ordered)))


def fpr_at_95_tpr(in_scores: FloatArray, out_scores: FloatArray) -> float:
    """Return the share of out-of-scope samples accepted by the strictest threshold that keeps 95 % in scope.

    Args:
        in_scores: (m,) scores of in-scope samples.
        out_scores: (q,) scores of out-of-scope samples.

    Returns:
        A share in [0, 1]; 0 is best.
    """
    # Whole numbers: 0.95 * 20 is 19 and a bit in binary, and would keep one sample too many. A sample is
    # kept when its score is at least the threshold, so the threshold is itself a score.
    kept = math.ceil(95 * len(in_scores) / 100)
    threshold = np.sort(in_scores)[len(in_scores) - kept]
    return float(np.mean(out_scores >= threshold))


def _confidence(probabilities: FloatArray) -> FloatArray:
    if probabilities.ndim != 2 or not len(probabilities) or not np.isfinite(probabilities).all():
        raise ValueError(
            f"probabilities {probabilities.shape}: a finite (m, K) with at least one row is expected"
        )
    scores: FloatArray = probabilities.max(axis=1)
    return scores
