"""Marks beside a number, in words: where an arm stands in its tie group, and in how many runs it is better."""

from __future__ import annotations

from evaluators.evidence import CellFinding, Estimate, Findings

#: How to read the words of `tie_mark`.
ABOUT_TIES = (
    "Tied with the best: not shown to be worse than the highest mean at this size, over all bases and baselines "
    "(paired t over runs, and over runs and items; Holm over all pairs). Nothing else is a rank."
)


def runs_won(share: Estimate | None) -> str:
    """Return P(A > B) as a share; yes where its interval bears out "better": above one half, and beyond 0.75."""
    if share is None:
        return ""
    if share.low is None or share.high is None:
        return f"{share.value:.2f}"
    if share.low == share.high:
        # No width is no certainty: a handful of runs had no other outcome to draw from.
        return f"{share.value:.2f}, all runs alike"
    from evaluators.statistics.intervals import Interval  # scipy: not for those who print no evidence
    from evaluators.statistics.superiority import is_meaningful

    better = is_meaningful(Interval(share.value, share.low, share.high, share.n))
    return f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}], {'yes' if better else 'no'}"


def opened_for(findings: Findings) -> str:
    """Return for whom the locked test of a final evaluation was opened; "" where that was for every arm."""
    scored = [{row.set for row in cell.scores} for cell in findings.cells if cell.scores]
    if all("test" in sets for sets in scored):
        return ""
    return (
        " for what the decision needs (the recommended strategies, their floors, what is approved now); what is marked "
        "v was scored on validation alone"
    )


def caveats(findings: Findings, task: str) -> tuple[str, ...]:
    """Return what makes the scores of a task look better, or surer, than they are, a sentence each."""
    found = [
        f"Known contamination of {row.name}: {row.contamination[task]}"
        for row in findings.candidates
        if task in row.contamination
    ]
    if any(row.id == task and row.leaks_allowed for row in findings.tasks):
        found.append(
            "Its test repeats training data, more than the policy allows; it was measured by name all the same."
        )
    groups = next((row.groups for row in findings.tasks if row.id == task and row.groups), None)
    if groups:
        told = ", ".join(f"{name} {number:,}" for name, number in sorted(groups.items()))
        found.append(
            f"Its samples come in groups ({told}): comparisons of strategies and of models take groups as the sample; "
            "intervals of single classes take items, and are too narrow."
        )
    return tuple(found)


def tie_mark(findings: Findings, cell: CellFinding, *, shown: str) -> str:
    """Return where an arm stands in its tie group, in words; "" if it is shown to be worse, or none was made.

    Args:
        findings: Where the group stands.
        cell: Of the arm.
        shown: Set of the score that the words stand beside; another one is named.
    """
    arm = (cell.candidate, cell.strategy)
    for group in findings.tie_groups:
        if (group.task, group.labels_per_class) == (cell.task, cell.labels_per_class):
            if arm == (group.best.candidate, group.best.strategy):
                return (", best" if not group.tied else ", highest of a tie") + _where(group.set, shown)
            if arm in {(row.candidate, row.strategy) for row in group.tied}:
                return ", tied with the best" + _where(group.set, shown)
    return ""


def _where(set_name: str, shown: str) -> str:
    return "" if set_name == shown else f" on {set_name}"
