"""How often a beats b on a paired run: P(A > B), beside the mean difference.

In: run-level differences. Out: a share with a bootstrap interval over runs. Sensitivity only: at five runs that all
agree the interval has no width, which says that there were five runs and no more. Pure; the seed is fixed.
"""

from __future__ import annotations

import numpy as np

from evaluators.statistics.intervals import ROUNDING, Interval, Values

#: "Better" is worth the word where the interval lies above one half and reaches beyond this (Bouthillier et al. 2021).
MEANINGFUL = 0.75
RESAMPLES, SEED = 10_000, 0


def probability_of_superiority(differences: Values, *, seed: int = SEED) -> Interval:
    """Return the share of paired runs in which a beats b, a tie counting one half (Vargha and Delaney 2000).

    Args:
        differences: (runs,) a minus b, finite, at least one; those within rounding of 0 are ties.
        seed: Of the resampling; the same seed gives the same interval.

    Returns:
        The share in [0, 1] with its 95 % percentile interval over runs; without ends for one run.

    Raises:
        ValueError: If there is no difference, or one is not finite.
    """
    numbers = np.asarray(differences, dtype=np.float64)
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(
            f"differences {numbers.shape}: a finite (runs,) with at least one number is expected"
        )
    runs = len(numbers)
    won, tied = int((numbers > ROUNDING).sum()), int((np.abs(numbers) <= ROUNDING).sum())
    value = (won + tied / 2.0) / runs
    if runs == 1:
        return Interval(value, None, None, 1)
    # A resample of runs is how often each outcome was drawn.
    drawn = np.random.default_rng(seed).multinomial(
        runs, np.array([won, tied, runs - won - tied]) / runs, size=RESAMPLES
    )
    low, high = np.quantile((drawn[:, 0] + drawn[:, 1] / 2.0) / runs, [0.025, 0.975])
    return Interval(value, float(low), float(high), runs)


def is_meaningful(share: Interval) -> bool:
    """Whether the interval lies above one half and reaches beyond `MEANINGFUL`; False without an interval."""
    return share.low is not None and share.high is not None and share.low > 0.5 and share.high > MEANINGFUL
