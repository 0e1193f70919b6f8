"""A7: the statistics of claims against their closed forms: a standard error, what too few runs cover, how many to plan.

lighteval prints 0.00046 for the standard error below, for it divides by the square root of the resamples once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import stats

from evaluators.selfcheck.figure import Figure, Outcome
from evaluators.statistics.intervals import mean_interval
from evaluators.statistics.power import runs_for_probability

SOURCE = "the binomial and Student's t in closed form; Noether 1987; Bouthillier et al. 2021 (29 runs)"
BERNOULLI = Figure("A7", "standard error of 1,000 items of which 30 % are right", 0.01459, 0.0007)
#: Runs: what an interval of 1.96 standard errors really covers.
COVERAGE = {3: 0.811, 5: 0.878, 10: 0.918, 20: 0.935, 30: 0.940}
#: P(A > B): paired runs to tell it from one half, both errors 5 %, and with power 80 %.
NOETHER = {0.60: (181, 104), 0.65: (81, 46), 0.70: (46, 26), 0.75: (29, 17), 0.80: (21, 12), 0.90: (12, 7)}


def check(data: Path) -> Iterator[Outcome]:  # noqa: ARG001 - nothing is read
    """Compute each."""
    items = (np.random.default_rng(0).random(1000) < 0.3).astype(np.float64)
    interval = mean_interval(items)
    assert interval.high is not None
    yield Outcome(BERNOULLI, (interval.high - interval.value) / float(stats.t.ppf(0.975, 999)))
    for runs, covered in COVERAGE.items():
        figure = Figure("A7", f"coverage of mean +- 1.96 standard errors, {runs} runs", covered, 0.0006)
        half = mean_interval(_of_spread_one(runs)).high
        assert half is not None
        # Ours is as wide as it must be: the level at which it would be 1.96 standard errors wide.
        yield Outcome(figure, 1.0 - 2.0 * float(stats.t.sf(1.96 * _ours(runs, half), runs - 1)))
    for probability, (strict, usual) in NOETHER.items():
        for power, needed in ((0.95, strict), (0.8, usual)):
            figure = Figure("A7", f"runs to show P(A>B)={probability:.2f}, power {power:.2f}", needed, 0.0)
            yield Outcome(figure, runs_for_probability(probability, power=power))


def _of_spread_one(runs: int) -> np.ndarray:
    """Return values whose mean is 0 and whose standard error is 1."""
    values = np.arange(runs, dtype=np.float64)
    values -= values.mean()
    return np.asarray(values / values.std(ddof=1) * np.sqrt(runs))


def _ours(runs: int, half: float) -> float:
    """Return 1 if our interval is Student's, else by how much it is off: a wrong one must not pass."""
    return half / float(stats.t.ppf(0.975, runs - 1))
