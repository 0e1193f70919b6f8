"""What the star beside a strategy means: the lightest sufficient one, or of the transfers alone where a floor is ahead.

In: findings. Out: words. A recommendation is chosen among transfers; a floor such as from scratch may score higher.
"""

from __future__ import annotations

from evaluators.evidence import Findings, Recommendation
from evaluators.report.table import common_set
from evaluators.wording import is_baseline, title


def floor_ahead(findings: Findings, chosen: Recommendation) -> str | None:
    """Return the floor with the highest mean above the recommended strategy's, at its size; None if none is above."""
    task = next(row for row in findings.tasks if row.id == chosen.task)
    means = {
        (row.candidate, row.strategy): row.estimate.value
        for row in findings.summaries
        if (row.task, row.metric, row.labels_per_class) == (task.id, task.metric, chosen.labels_per_class)
        and row.set == common_set(findings, task.id)
        and row.candidate in {"", chosen.candidate}
    }
    own = means.get((chosen.candidate, chosen.strategy))
    floors = {name: mean for (_, name), mean in means.items() if is_baseline(name)}
    best = max(floors, key=lambda name: floors[name], default=None)
    return best if best is not None and own is not None and floors[best] > own else None


def starred_words(findings: Findings) -> str:
    """Return what a star means: `the lightest sufficient strategy, chosen on validation`."""
    ahead = {
        f"{title(floor)} scores higher on {row.task}"
        for row in findings.recommendations
        if (floor := floor_ahead(findings, row)) is not None
    }
    if not ahead:
        return "the lightest sufficient strategy, chosen on validation"
    return f"the lightest of the transfers, chosen on validation: {'; '.join(sorted(ahead))}"


def ahead_sentence(findings: Findings, chosen: Recommendation) -> str:
    """Return that a floor scores higher than what is recommended; "" if none does."""
    floor = floor_ahead(findings, chosen)
    return f"It is the lightest of the transfers; {title(floor)} scores higher." if floor else ""
