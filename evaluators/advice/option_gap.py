"""How far two options are apart, run by run: how much, shown to be enough, shown to be ahead.

In: two options. Out: a difference, or a judgement. Runs are paired where they drew the same labels, or where the
labels of one are a part of the other's (draws are nested); else only means can be compared. Pure.
"""

from __future__ import annotations

from evaluators.advice.option import Option
from evaluators.evidence import Estimate
from evaluators.statistics.equivalence import equivalence
from evaluators.statistics.paired import paired_t


def gap(option: Option, other: Option) -> Estimate:
    """Return option minus other in the metric: paired over the runs that have the same draw, else of the means.

    The means' difference has no interval: nothing says how much of it is luck. Nor do runs that all differ by the same,
    such as frozen strategies on a draw of the whole pool: they say nothing of other labels.
    """
    runs = _differences(option, other)
    if len(runs) < 2:
        return Estimate(value=option.estimate.value - other.estimate.value, n=len(runs))
    found = paired_t(runs)
    if found.degenerate:
        return Estimate(value=found.estimate, n=len(runs))
    return Estimate(value=found.estimate, low=found.low, high=found.high, n=len(runs))


def sufficient(option: Option, best: Option, *, margin: float) -> bool:
    """Whether an option is shown to be no worse than another by the margin.

    By means where no runs are paired, and where all agree: then there is no noise to test against.
    """
    runs = _differences(option, best)
    found = equivalence(runs, margin) if runs else None
    if found is None:
        return option.estimate.value >= best.estimate.value - margin
    return found.non_inferior


def ahead(option: Option, other: Option, *, margin: float) -> bool:
    """Whether an option is above another by more than the margin and more than noise; by means where none is paired."""
    lead = gap(option, other)
    return lead.value > margin and (lead.low is None or lead.low > 0.0)


def _differences(option: Option, other: Option) -> list[float]:
    paired = dict(other.runs)
    return [value - paired[run] for run, value in option.runs if run in paired]
