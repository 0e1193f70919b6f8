"""What a plan can show of each task, as `hub plan` tells it, before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.cost.sight import ASSUMED_DISAGREEMENT, ASSUMED_SD, Sight
from evaluators.wording import count


def sight_facts(sight: Sight) -> list[tuple[str, str]]:
    """Say what a task can show: by runs, by items, whether strategies can be told apart, how far its draws overlap."""
    by_runs = "nothing by runs: one run has no interval"
    if sight.by_runs is not None:
        by_runs = f"{_points(sight.by_runs)} over {sight.runs} runs, if pairs vary by {_points(ASSUMED_SD)}"
    kind = "groups of items" if sight.grouped else "items"
    by_items = (
        f"{_points(sight.by_items)} over {sight.items:,} {kind}, if {100 * ASSUMED_DISAGREEMENT:.0f} % differ"
    )
    facts = [(f"detectable: {sight.task}", by_runs), ("", by_items)]
    if sight.blind:
        facts.append(("", f"cannot tell strategies apart: {_why_blind(sight)}"))
        facts.append(("", f"what would do: {_remedy(sight)}"))
    elif max(sight.by_items, sight.by_runs or 0.0) > sight.margin:
        facts.append(("", f"less is a tie, and the margin is {_points(sight.margin)}: add runs or items"))
    if sight.conditional:
        sizes = listed(list(sight.conditional))
        share = max(sight.pool_shares.values())
        facts.append(
            ("", f"{sizes} labels a class take up to {100 * share:.0f} % of the pool: conditional on it")
        )
    return facts


def listed(numbers: Sequence[int]) -> str:
    """Return `2, 5 and 10`."""
    *others, last = (str(number) for number in numbers)
    return f"{', '.join(others)} and {last}" if others else last


def _why_blind(sight: Sight) -> str:
    if sight.runs < sight.fewest_runs:
        return f"a claim takes {sight.fewest_runs} paired runs, and there {_is(sight.runs)} {sight.runs}"
    tie = _points(max(sight.by_items, sight.by_runs or 0.0))
    return f"less than {tie} is a tie, and they are taken to differ by {_points(sight.spread)} at most"


def _remedy(sight: Sight) -> str:
    parts = []
    if sight.runs < sight.runs_needed:
        parts.append(f"{count(sight.runs_needed, 'run')} instead of {sight.runs}")
    if sight.items < sight.items_needed:
        kind = "group" if sight.grouped else "item"
        parts.append(f"{count(sight.items_needed, kind)} of {sight.set} instead of {sight.items:,}")
    return ", and ".join(parts)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _points(share: float) -> str:
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"
