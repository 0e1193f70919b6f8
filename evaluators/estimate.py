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
