"""Gaps between two scores of the same runs: training against test, the task's own test against a shifted one.

In: one metric a run on each of two sets, in the same order of runs, higher is better. Out: the mean gap
over runs with its interval. Gaps explain a score and never rank: a worse model often has the smaller drop,
so look at the score on the shifted set itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.intervals import Interval, Values, mean_interval


@dataclass(frozen=True)
class ShiftDrop:
    """What a shift of the data costs.

    Attributes:
        absolute: Score on the task's own test minus score on the shifted set.
        relative: The same as a share of the former; None where a run scored 0 there, for 0 has no share.
    """

    absolute: Interval
    relative: Interval | None


def generalization_gap(train: Values, test: Values) -> Interval:
    """Return how much better the runs do on their own training samples.

    Selection optimism is the same gap, with the validation score of the selected setting in place of `train`.

    Args:
        train: (runs,) metric on the training samples, in evaluation mode and without augmentation.
        test: (runs,) the same metric on the test.

    Returns:
        The mean of train minus test with its 95 % interval; above 0 where the model remembers.

    Raises:
        ValueError: If the shapes differ, are empty, or a score is not finite.
    """
    scores, others = _paired(train, test)
    return mean_interval(scores - others)


def shift_drop(in_domain: Values, shifted: Values) -> ShiftDrop:
    """Return what the runs lose on a shifted set (WILDS, Koh et al. 2021).

    Args:
        in_domain: (runs,) metric on the task's own test, at least 0.
        shifted: (runs,) the same metric on the shifted set.

    Returns:
        The mean drop, absolute and relative a run, with 95 % intervals; below 0 where the shifted set is
        easier.

    Raises:
        ValueError: If the shapes differ, are empty, or a score is not finite.
    """
    scores, others = _paired(in_domain, shifted)
    relative = mean_interval((scores - others) / scores) if (scores > 0.0).all() else None
    return ShiftDrop(mean_interval(scores - others), relative)


def _paired(first: Values, second: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scores, others = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if scores.shape != others.shape:
        raise ValueError(f"{scores.shape} and {others.shape} scores: one a run on each set is expected")
    return scores, others
