"""How far draws of labels overlap: the share of the pool that one takes. Pure.

Runs of one size draw from one pool, so they share about this share of their labels, and vary less than fresh labels
would. Above one half a claim about a strategy is conditional on this pool: of other labels it says little.
"""

from __future__ import annotations

from evaluators.evidence import Findings
from evaluators.facts import TaskFacts

CONDITIONAL = 0.5


def pool_share(findings: Findings, task: TaskFacts, labels_per_class: int) -> float:
    """Return the labels of a draw over those of the pool, in (0, 1]; 0 where the pool is not known.

    Args:
        findings: Their protocol says what the pool is.
        task: Its sizes and classes.
        labels_per_class: Size of a draw.
    """
    pool = task.sizes.get("train", 0)
    if findings.protocol.get("pool") == "train+validation":
        pool += task.sizes.get("validation", 0)
    return min(1.0, labels_per_class * len(task.labels) / pool) if pool else 0.0


def conditional_words(share: float) -> str:
    """Return what is said of a claim whose draws take such a share of the pool; "" up to one half."""
    return (
        f"conditional on this pool: a draw takes {100.0 * share:.0f} % of it" if share > CONDITIONAL else ""
    )
