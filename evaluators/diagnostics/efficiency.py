"""How a strategy uses labels: its curve's area, where another overtakes it, how many labels transfer saves.

In: train sizes (strictly increasing, labels a class or in all) and a metric at each size, higher is better.
Between sizes a curve is a line over log2 n. Out: numbers that never leave the measured range: what lies
beyond it is reported as "> max" or "<= min", because a curve extrapolated is a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.intervals import Values

_Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Crossover:
    """Between which measured sizes b gets ahead of a.

    Attributes:
        above: Largest size at which b is not yet ahead; None if b is ahead from the first size.
        up_to: First size at which b is ahead; None if it never is.
        at: Where the two lines cross; None beyond the sizes, and where being ahead means an interval.
        holds: Whether b is ahead at every larger size too; False if it never is.
    """

    above: int | None
    up_to: int | None
    at: float | None = None
    holds: bool = True

    def __str__(self) -> str:
        if self.up_to is None:
            return f"> {self.above}"
        return f"<= {self.up_to}" if self.above is None else f"{self.above} < n <= {self.up_to}"


@dataclass(frozen=True)
class DataMultiplier:
    """How many labels training from scratch needs for what transfer reaches with n.

    Attributes:
        labels: That number of labels; the last or first measured size where it lies beyond.
        multiplier: `labels` divided by n.
        bound: `exact`, `above` (more than `labels`: scratch never gets there) or `below` (at most `labels`).
    """

    labels: float
    multiplier: float
    bound: Literal["exact", "above", "below"]

    def __str__(self) -> str:
        sign = {"exact": "", "above": "> ", "below": "<= "}[self.bound]
        return f"{sign}{self.labels:.1f} ({sign}x{self.multiplier:.2f})"


def aulc(sizes: Sequence[int], means: Values) -> float:
    """Return the area under a learning curve over log2 n, divided by its width.

    Args:
        sizes: (J,) train sizes, at least two.
        means: (J,) metric at each size.

    Returns:
        A mean metric, in the unit of `means`.

    Raises:
        ValueError: If sizes are not positive and strictly increasing, or shapes do not fit.
    """
    x, y = _curve(sizes, means)
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def crossover(sizes: Sequence[int], *, a: Values, b: Values) -> Crossover:
    """Return where the curve of b first gets above that of a.

    Args:
        sizes: (J,) train sizes, at least two.
        a: (J,) means of the one that leads at first.
        b: (J,) means of the other.

    Returns:
        The bracket, and the crossing of the two lines over log2 n.

    Raises:
        ValueError: If sizes are not positive and strictly increasing, or shapes do not fit.
    """
    x, lead = _curve(sizes, np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64))
    bracket = _bracket(sizes, lead > 0.0)
    if bracket.above is None or bracket.up_to is None:
        return bracket
    left = sizes.index(bracket.above)
    share = -lead[left] / (lead[left + 1] - lead[left])
    at = float(2.0 ** (x[left] + share * (x[left + 1] - x[left])))
    return Crossover(bracket.above, bracket.up_to, at, bracket.holds)


def confirmed_crossover(sizes: Sequence[int], lows: Sequence[float | None]) -> Crossover:
    """Return the first size at which b is ahead of a beyond noise: where the interval of b minus a lies above 0.

    Args:
        sizes: (J,) train sizes, at least two.
        lows: (J,) lower end of the paired 95 % interval of b minus a at each size; None where there is no interval.

    Returns:
        The bracket, without a point: an interval crosses 0 nowhere in particular.

    Raises:
        ValueError: If sizes are not positive and strictly increasing, or shapes do not fit.
    """
    _curve(sizes, [low or 0.0 for low in lows])
    return _bracket(sizes, np.array([low is not None and low > 0.0 for low in lows]))


def data_multiplier(
    sizes: Sequence[int], *, mean_transfer: Values, mean_scratch: Values, at: int
) -> DataMultiplier:
    """Return how many labels from scratch are worth `at` labels with transfer (Hernandez et al. 2021).

    Args:
        sizes: (J,) train sizes, at least two.
        mean_transfer: (J,) metric of the transfer.
        mean_scratch: (J,) metric from scratch.
        at: One of `sizes`.

    Returns:
        Where the curve from scratch first reaches what transfer has at `at`, censored at the measured sizes.

    Raises:
        ValueError: If sizes are not positive and strictly increasing, shapes do not fit, or `at` is no size.
    """
    x, scratch = _curve(sizes, mean_scratch)
    _, transfer = _curve(sizes, mean_transfer)
    if at not in sizes:
        raise ValueError(f"{at} is none of the sizes {list(sizes)}")
    target = transfer[sizes.index(at)]
    reached = np.flatnonzero(scratch >= target)
    if not len(reached):
        return DataMultiplier(float(sizes[-1]), sizes[-1] / at, "above")
    right = int(reached[0])
    if right == 0:
        exact = scratch[0] == target
        return DataMultiplier(float(sizes[0]), sizes[0] / at, "exact" if exact else "below")
    share = (target - scratch[right - 1]) / (scratch[right] - scratch[right - 1])
    labels = float(2.0 ** (x[right - 1] + share * (x[right] - x[right - 1])))
    return DataMultiplier(labels, labels / at, "exact")


def _bracket(sizes: Sequence[int], ahead: NDArray[np.bool_]) -> Crossover:
    if not ahead.any():
        return Crossover(sizes[-1], None, holds=False)
    first = int(np.argmax(ahead))
    return Crossover(sizes[first - 1] if first else None, sizes[first], holds=bool(ahead[first:].all()))


def _curve(sizes: Sequence[int], means: Values) -> tuple[_Curve, _Curve]:
    n, y = np.asarray(sizes, dtype=np.float64), np.asarray(means, dtype=np.float64)
    if n.ndim != 1 or len(n) < 2 or n[0] <= 0 or not (np.diff(n) > 0).all():
        raise ValueError(f"sizes {list(sizes)}: at least two, positive and strictly increasing, are expected")
    if y.shape != n.shape or not np.isfinite(y).all():
        raise ValueError(f"a finite metric at each of {len(n)} sizes is expected, not {y.shape}")
    return np.log2(n), y
