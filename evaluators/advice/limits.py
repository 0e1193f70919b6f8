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
    if limits.latency is not None:
        silent = sorted({row.words for row in options if row.latency is None})
        if silent:
            named = ", ".join(silent[:3]) + (f" and {len(silent) - 3} more" if len(silent) > 3 else "")
            found.append(
                f"how long an answer takes was not timed of {named}, so its limit spares them "
                "(hub evaluate times it where it trains: into a fresh store, --results NEW)"
            )
    return tuple(found)


def _refusal(sizes: Sequence[Option], fitting: Sequence[Option], limits: Limits) -> str | None:
    if not fitting:
        least = min(row.labels for row in sizes)
        return f"too few labels: measured with {least:,} at least"
    largest = max(fitting, key=lambda row: row.labels)
    if limits.budget is not None and largest.spent is not None and largest.spent > limits.budget:
        return f"over the budget: takes {duration(largest.spent)} with {count(largest.labels, 'label')}"
    latency = largest.latency
    if limits.latency is not None and latency is not None and latency > limits.latency:
        where = f" on {largest.served_on}" if largest.served_on else ""
        return f"over the latency: p95 {1000 * latency:.3g} ms for one input{where}"
    return None
