"""What more labels would bring, from the curve that was measured: an extrapolation, and called one.

In: scores of paired runs at three or more sizes. Out: the gain at a larger size, at most twice the largest one. The
error is taken to fall as a power of n (Hestness et al. 2017), once as the whole curve says and once as its last step
does, because curves flatten; the gain is the mean of both. The band spans both, and adds the noise of a measured step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.advice.option import Option
from evaluators.statistics.intervals import Interval, mean_interval

#: Sizes that stand closer than this are one: the slope between them would be noise. It was tried on doublings.
SPACING = 1.5
#: Sizes that a law is fitted to, and how far beyond the largest it is followed.
MIN_SIZES, REACH = 3, 2.0
#: Errors below this are this: half a mistake among some hundred samples. A logarithm needs one.
_FLOOR = 2e-3


@dataclass(frozen=True)
class Forecast:
    """What more labels would bring.

    Attributes:
        more: Labels beyond the largest size that was measured.
        gain: Expected difference in the metric.
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
    rows = _spaced(sorted(curve, key=lambda option: option.labels))
    sizes = [option.labels for option in rows]
    if len(rows) < MIN_SIZES or sizes[0] < 1:
        return None
    wanted = labels if labels is not None else round(REACH * sizes[-1])
    scores = _scores([dict(option.runs) for option in rows])
    if len(scores) < 2 or not sizes[-1] < wanted <= REACH * sizes[-1]:
        return None
    x, at = np.log2(np.array(sizes, dtype=np.float64)), float(np.log2(wanted))
    fits = [mean_interval(_gains(x[start:], scores[:, start:], at)) for start in (0, -2)]
    gain = sum(fit.value for fit in fits) / len(fits)
    noise = _half(mean_interval(scores[:, -1] - scores[:, -2]))
    low = gain - math.hypot(gain - min(fit.value - _half(fit) for fit in fits), noise)
    high = gain + math.hypot(max(fit.value + _half(fit) for fit in fits) - gain, noise)
    room = float(1.0 - scores[:, -1].mean())
    gain, high = min(gain, room), min(high, room)
    return Forecast(wanted - sizes[-1], gain, min(low, gain), high, len(sizes), len(scores))


def _spaced(rows: Sequence[Option]) -> list[Option]:
    """Return the largest size, and of the smaller ones those that are far enough below the next; smallest first."""
    kept: list[Option] = []
    for row in reversed(rows):
        if not kept or row.labels * SPACING <= kept[0].labels:
            kept.insert(0, row)
    return kept


def _half(interval: Interval) -> float:
    """Return half the width of an interval over two or more runs."""
    assert interval.high is not None
    return interval.high - interval.value


def _scores(runs: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Return (runs, sizes) scores of the runs that every size has."""
    common = [name for name in runs[0] if all(name in other for other in runs)]
    return np.array([[row[name] for row in runs] for name in common], dtype=np.float64)


def _gains(x: NDArray[np.float64], scores: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    """Return each run's gain beyond the last size if its log error is a line over log n."""
    errors = np.maximum(1.0 - scores, _FLOOR)
    slopes = _slopes(x, np.log2(errors))
    # From the error that was measured, not from the line's: the line need not pass through it.
    return np.asarray(errors[:, -1].mean() * (1.0 - 2.0 ** (slopes * (at - x[-1]))), dtype=np.float64)


def _slopes(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (runs,) slopes of least-squares lines."""
    centred = x - x.mean()
    return np.asarray((y - y.mean(axis=1, keepdims=True)) @ centred / (centred @ centred), dtype=np.float64)
