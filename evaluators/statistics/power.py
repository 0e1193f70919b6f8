"""What a design can see: the smallest difference that it is likely to detect, before anything is spent.

In: the spread of run-level differences, or the share of items on which two artifacts disagree, and how many
of them there will be. Out: a difference (in the unit of the spread) or a number of runs. A gap below it is
a tie, not a rank. Two-sided tests throughout. Pure.
"""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtrit

from evaluators.statistics.intervals import check_level


def detectable_by_runs(sd: float, runs: int, *, power: float = 0.8, level: float = 0.95) -> float | None:
    """Return the smallest mean difference that a paired t over runs detects with probability `power`.

    (t_.975 + t_.80) sd / sqrt(runs), Student's t with runs - 1 degrees of freedom (Bloom 1995): 3.1, 1.66,
    1.0 and .66 standard deviations at 3, 5, 10 and 20 runs.

    Args:
        sd: Standard deviation of the paired differences, at least 0.
        runs: Paired runs.
        power: Probability to detect it, in (0, 1).
        level: 1 minus the size of the test, in (0, 1).

    Returns:
        The difference, in the unit of `sd`; None below two runs, which detect nothing.

    Raises:
        ValueError: If a number is out of range.
    """
    check_level(power)
    check_level(level)
    _check_sd(sd)
    if runs < 2:
        return None
    quantiles = float(stdtrit(runs - 1, (1.0 + level) / 2.0)) + float(stdtrit(runs - 1, power))
    return quantiles * sd / math.sqrt(runs)


def detectable_by_items(disagreement: float, items: int, *, power: float = 0.8, level: float = 0.95) -> float:
    """Return the smallest difference in accuracy that a test over items detects with probability `power`.

    For McNemar's test: 2.80 sqrt(disagreement / items) at the defaults (Connor 1987, without its small
    correction).

    Args:
        disagreement: Share of items that exactly one of the two artifacts has right, in [0, 1].
        items: Size of the test set, at least 1.
        power: Probability to detect it, in (0, 1).
        level: 1 minus the size of the test, in (0, 1).

    Returns:
        A difference of shares.

    Raises:
        ValueError: If a number is out of range.
    """
    check_level(power)
    check_level(level)
    if items < 1 or not 0.0 <= disagreement <= 1.0:
        raise ValueError(f"a disagreement of {disagreement} over {items} items")
    return _normal_quantiles(power, level) * math.sqrt(disagreement / items)


def detectable_by_interval(low: float, high: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """Return the smallest difference that as wide an interval detects with probability `power`, about.

    For metrics that are no share of items, from the error that the interval shows: 1.43 times half its width.

    Args:
        low: Lower end of an interval of a difference.
        high: Upper end, at least `low`.
        power: Probability to detect it, in (0, 1).
        level: 1 minus the size of the test that shall detect it, in (0, 1); the interval is one of 95 %.

    Raises:
        ValueError: If a number is out of range.
    """
    check_level(power)
    check_level(level)
    if not high >= low:
        raise ValueError(f"an interval from {low} to {high}")
    return (high - low) / 2.0 * _normal_quantiles(power, level) / float(ndtri(0.975))


def items_needed(disagreement: float, difference: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Return the fewest items whose detectable difference is at most `difference`.

    Args:
        disagreement: Share of items that exactly one of the two artifacts has right, in [0, 1].
        difference: The difference in accuracy to detect, above 0.
        power: Probability to detect it, in (0, 1).
        level: 1 minus the size of the test, in (0, 1).

    Raises:
        ValueError: If a number is out of range.
    """
    if not difference > 0.0:
        raise ValueError(f"a difference to detect is above 0, this is {difference}")
    one = detectable_by_items(disagreement, 1, power=power, level=level)
    return max(1, math.ceil((one / difference) ** 2))


def runs_needed(sd: float, difference: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Return the fewest paired runs whose detectable difference is at most `difference`.

    Args:
        sd: Standard deviation of the paired differences, at least 0.
        difference: The difference to detect, above 0, in the unit of `sd`.
        power: Probability to detect it, in (0, 1).
        level: 1 minus the size of the test, in (0, 1).

    Returns:
        At least 2.

    Raises:
        ValueError: If a number is out of range.
    """
    check_level(power)
    check_level(level)
    _check_sd(sd)
    if not difference > 0.0:
        raise ValueError(f"a difference to detect is above 0, this is {difference}")
    # Student's quantiles are above the normal ones, so the answer is a few runs above the normal answer.
    runs = max(2, math.floor((_normal_quantiles(power, level) * sd / difference) ** 2))
    while (detectable_by_runs(sd, runs, power=power, level=level) or 0.0) > difference:
        runs += 1
    return runs


def runs_for_probability(probability: float, *, power: float = 0.95, size: float = 0.05) -> int:
    """Return how many paired runs show that one strategy beats another more often than not (Noether 1987).

    29 for the usual `P(A > B) = 0.75` with both errors at 5 %, as Bouthillier et al. (2021) recommend.

    Args:
        probability: P(A > B) that is to be told from one half, in (0.5, 1].
        power: Probability to tell it, in (0, 1).
        size: Of the one-sided test, in (0, 1).

    Raises:
        ValueError: If a number is out of range.
    """
    check_level(power)
    check_level(size)
    if not 0.5 < probability <= 1.0:
        raise ValueError(f"a probability to be told from one half is above it, this is {probability}")
    quantiles = float(ndtri(1.0 - size)) + float(ndtri(power))
    return math.ceil(quantiles**2 / (6.0 * (probability - 0.5) ** 2))


def _check_sd(sd: float) -> None:
    if not (sd >= 0.0 and math.isfinite(sd)):
        raise ValueError(f"a standard deviation is at least 0, this is {sd}")


def _normal_quantiles(power: float, level: float) -> float:
    return float(ndtri((1.0 + level) / 2.0)) + float(ndtri(power))
