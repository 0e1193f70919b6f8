"""What somebody can afford: how many labels, how long to train, how long an answer may take. Pure.

In: options and `Limits`. Out: what is left of them, and the reason for each that is not. What was not measured is not
held to be within a limit, and not excluded by it either: it is named as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.advice.option import Option
from evaluators.wording import count, duration


@dataclass(frozen=True)
class Limits:
    """Limits of an answer; None: no limit.

    Attributes:
        labels: Labels that there are to train on, in all.
        budget: Seconds that one training may take, with the encoding of its labels.
        latency: Seconds that the answer for one input may take.
    """

    labels: int | None = None
    budget: float | None = None
    latency: float | None = None


@dataclass(frozen=True)
class Excluded:
    """A model with a strategy, or a model whatever the strategy, that is not the answer.

    Attributes:
        candidate: The model; "" for a baseline on the data alone.
        strategy: What was done with it; "" for all.
        reason: Why not, for people.
    """

    candidate: str
    strategy: str
    reason: str


def latency_of(option: Option) -> float | None:
    """Return the seconds that an option takes to answer one input (p95); None where nobody measured it."""
    del option  # no document holds latencies yet
    return None


def within(options: Sequence[Option], limits: Limits) -> tuple[tuple[Option, ...], tuple[Excluded, ...]]:
    """Return the options that are within the limits, and why every other arm is not.

    An arm (a model with a strategy) is judged at the largest size that there are labels for; one that is over the
    budget there is left out whole, because fewer labels than there are would be another question.
    """
    arms: dict[tuple[str, str], list[Option]] = {}
    for option in options:
        arms.setdefault((option.candidate, option.strategy), []).append(option)
    kept: list[Option] = []
    excluded = []
    for (candidate, name), sizes in arms.items():
        fitting = [row for row in sizes if limits.labels is None or row.labels <= limits.labels]
        reason = _refusal(sizes, fitting, limits)
        if reason:
            excluded.append(Excluded(candidate, name, reason))
        else:
            kept += fitting
    return tuple(kept), tuple(excluded)


def unknown(options: Sequence[Option], limits: Limits) -> tuple[str, ...]:
    """Return what the limits ask and no measurement answers, as sentences."""
    found = []
    if limits.labels is not None:
        most = max((row.labels for row in options), default=0)
        if most < limits.labels:
            found.append(f"nothing was measured with more than {most:,} of {count(limits.labels, 'label')}")
    if limits.budget is not None:
        untimed = sum(row.spent is None for row in options)
        if untimed:
            found.append(
                f"the cost of {count(untimed, 'measurement')} is not known, so the budget spares them"
            )
    if limits.latency is not None and any(latency_of(row) is None for row in options):
        found.append("latency was not measured, so its limit excludes nothing")
    return tuple(found)


def _refusal(sizes: Sequence[Option], fitting: Sequence[Option], limits: Limits) -> str | None:
    if not fitting:
        least = min(row.labels for row in sizes)
        return f"too few labels: measured with {least:,} at least"
    largest = max(fitting, key=lambda row: row.labels)
    if limits.budget is not None and largest.spent is not None and largest.spent > limits.budget:
        return f"over the budget: takes {duration(largest.spent)} with {count(largest.labels, 'label')}"
    latency = latency_of(largest)
    if limits.latency is not None and latency is not None and latency > limits.latency:
        return f"over the latency: {1000 * latency:.0f} ms for one input"
    return None
