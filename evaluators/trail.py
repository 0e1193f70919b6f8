"""The trail of a climb: which rungs were tried, what each gained over what was lighter, and why it ended there.

What lost stays in it, with its reason. Part of the findings: it follows from the validation scores alone.
"""

from __future__ import annotations

from typing import Literal

from evaluators.document import Document
from evaluators.estimate import Estimate

Verdict = Literal["pays", "undecided", "stop", "not measured"]
"""Of a rung: its gain is above the margin; the interval holds the margin, so climbing goes on; the gain is under the
margin, so climbing ends here; nothing of it was scored."""


class Tried(Document):
    """A strategy on a rung."""

    strategy: str
    status: Literal["best", "lost", "failed", "skipped"]
    estimate: Estimate | None = None
    """Its score on validation; None where no run was scored."""
    reason: str
    """Why it is, or is not, the best of its rung."""


class Rung(Document):
    """One tier of the ladder, as it was climbed."""

    tier: str
    tried: tuple[Tried, ...]
    over: str | None = None
    """Best of what is lighter, a strategy: what the gain is measured against."""
    gain: Estimate | None = None
    """Of the rung's best over that, paired over runs, on validation; with its 95 % interval."""
    verdict: Verdict
    reason: str


class Climb(Document):
    """One candidate's climb on one task."""

    task: str
    candidate: str
    labels_per_class: int
    """Train size that decided: the largest that was scored."""
    rungs: tuple[Rung, ...]
