"""What more labels would bring, from the curve that was measured: an extrapolation, and called one.

In: scores of paired runs at three or more sizes. Out: the gain at a larger size, at most twice the largest one, with a
band that spans two laws and the runs: an error that falls as a power of n (Hestness et al. 2017), and a score that
rises by a constant for each doubling. The first flattens, the second does not; which one holds is not known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.option import Option
from evaluators.statistics.intervals import mean_interval

#: Sizes that a law is fitted to, and how far beyond the largest it is followed.
MIN_SIZES, REACH = 3, 2.0
#: Errors below this are this: half a mistake among some hundred samples. A logarithm needs one.
_FLOOR = 2e-3


@dataclass(frozen=True)
class Forecast:
    """What more labels would bring.

    Attributes:
        more: Labels beyond the largest size that was measured.
        gain: Expected difference in the metric: the mean of both laws.
        low: Lower end of the band.
        high: Upper end.
        sizes: Sizes that it rests on.
        runs: Paired runs that it rests on.
    """

    more: int
    gain: float
    low: float
    high: float
    sizes: int
    runs: int


def forecast(curve: Sequence[Option], *, labels: int | None = None) -> Forecast | None:
    """Follow one option's curve beyond its largest size.

    Args:
        curve: One model and strategy at several sizes, in any order, with its runs.
        labels: Labels in all to look at; None for twice the largest size.

    Returns:
        The forecast; None with fewer than three sizes or two common runs, or for a size that was measured or lies
        beyond twice the largest one.
    """
    rows = sorted(curve, key=lambda option: option.labels)
    sizes = [option.labels for option in rows]
    if len(rows) < MIN_SIZES or sizes[0] < 1 or len(set(sizes)) < len(sizes):
        return None
    wanted = labels if labels is not None else round(REACH * sizes[-1])
    scores = _scores([dict(option.runs) for option in rows])
    if len(scores) < 2 or not sizes[-1] < wanted <= REACH * sizes[-1]:
        return None
    x, at = np.log2(np.array(sizes, dtype=np.float64)), float(np.log2(wanted))
    laws = [mean_interval(gains) for gains in (_power(x, scores, at), _doubling(x, scores, at))]
    ends = [end for law in laws for end in (law.low, law.high) if end is not None]
    gain = sum(law.value for law in laws) / len(laws)
    return Forecast(wanted - sizes[-1], gain, min(ends), max(ends), len(sizes), len(scores))


def _scores(runs: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Return (runs, sizes) scores of the runs that every size has."""
    common = [name for name in runs[0] if all(name in other for other in runs)]
    return np.array([[row[name] for row in runs] for name in common], dtype=np.float64)


def _power(x: NDArray[np.float64], scores: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    """Return each run's gain if log error is a line over log n: the line's own fall beyond the last size."""
    logs = np.log2(np.maximum(1.0 - scores, _FLOOR))
    slopes = _slopes(x, logs)
    last = np.mean(np.maximum(1.0 - scores[:, -1], _FLOOR))
    # From the error that was measured, not from the line's: the line need not pass through it.
    return np.asarray(last * (1.0 - 2.0 ** (slopes * (at - x[-1]))), dtype=np.float64)


def _doubling(x: NDArray[np.float64], scores: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    """Return each run's gain if the score is a line over log n, drawn through the last three sizes."""
    gains = _slopes(x[-MIN_SIZES:], scores[:, -MIN_SIZES:]) * (at - x[-1])
    return np.asarray(np.minimum(gains, 1.0 - scores[:, -1]), dtype=np.float64)


def _slopes(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (runs,) slopes of least-squares lines."""
    centred = x - x.mean()
    return np.asarray((y - y.mean(axis=1, keepdims=True)) @ centred / (centred @ centred), dtype=np.float64)
