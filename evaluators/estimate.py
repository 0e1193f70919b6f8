"""A number with its uncertainty, as every document writes it."""

from __future__ import annotations

from evaluators.document import Document


class Estimate(Document):
    """A number with its uncertainty. Shares, not per cent."""

    value: float
    low: float | None = None
    """Lower end of the 95 % interval; None where there is none (one run)."""
    high: float | None = None
    n: int
    """Runs or items that the interval is over."""


def share_ends(estimate: Estimate) -> tuple[float, float] | None:
    """Return the ends of the interval of a share, cut at 0 and 1, beyond which there is none; None without interval.

    Student's t knows no such bounds. For people and pictures: what is computed goes on with the interval as it is.
    """
    if estimate.low is None or estimate.high is None:
        return None
    return max(0.0, estimate.low), min(1.0, estimate.high)
