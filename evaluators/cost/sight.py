"""What a design can see, before anything is spent: the smallest difference it is likely to detect, task by task.

In: a plan and its loaded tasks. Out: one `Sight` a task, and one `PoolShare` a size. Nothing was measured yet, so the
spread is assumed and said; what is below it is a tie, whatever the means will be. Where even the largest difference
that strategies usually have would be a tie, the design ranks nothing at all, and what would is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluators.data.task_data import TaskData
from evaluators.plan import Plan
from evaluators.protocol import FEWEST_RUNS

#: Standard deviation of paired differences between runs (published: Banking77 at 8 labels a class, 0.8 points over
#: draws; other tasks up to 4).
ASSUMED_SD = 0.02
#: Share of items that one of two classifiers alone has right: 10 % on easy tasks, 30 % on hard ones.
ASSUMED_DISAGREEMENT = 0.3
#: How far strategies that transfer lie apart on one base and task at one size, at most (measured: 3.6 points of
#: Banking77 at 8 labels a class, under 1 at 30). Floors lie further below, and seeing those needs no ranking.
ASSUMED_SPREAD = 0.1


@dataclass(frozen=True)
class Sight:
    """What can be seen on one task. Differences are shares of the metric, detected with probability 0.8.

    Attributes:
        task: Its id.
        set: Set that claims will rest on.
        items: Its size; where its samples come in groups, how many groups there are.
        by_items: Of two artifacts on these items, if `ASSUMED_DISAGREEMENT` of the answers differ.
        runs: Paired runs.
        by_runs: Of two strategies, if differences vary by `ASSUMED_SD`; None below two runs.
        margin: The smallest difference that matters to the task.
        grouped: Whether `items` counts groups.
        pool_shares: Labels a class -> share of the pool that a draw takes: draws overlap by about as much.
        spread: The largest difference that strategies are taken to have: `ASSUMED_SPREAD`, or what the most frequent
            label leaves.
        runs_needed: Paired runs that tell apart what differs by so much; at least `fewest_runs`.
        items_needed: Items that do.
        fewest_runs: Paired runs without which nothing is claimed.
    """

    task: str
    set: str
    items: int
    by_items: float
    runs: int
    by_runs: float | None
    margin: float
    pool_shares: Mapping[int, float]
    spread: float
    runs_needed: int
    items_needed: int
    grouped: bool = False
    fewest_runs: int = FEWEST_RUNS

    @property
    def blind(self) -> bool:
        """Whether no two strategies can be told apart: even the largest difference they may have would be a tie."""
        return self.runs < self.runs_needed or self.items < self.items_needed

    @property
    def conditional(self) -> tuple[int, ...]:
        """Sizes whose draws take more than half of the pool: claims there are about this pool and no other."""
        return tuple(size for size, share in self.pool_shares.items() if share > 0.5)


def sights(plan: Plan, data: Mapping[str, TaskData]) -> tuple[Sight, ...]:
    """Return what a plan can see of each of its tasks."""
    # scipy: half a second, on the way to every command
    from evaluators.statistics.power import detectable_by_items, detectable_by_runs, items_needed, runs_needed

    protocol = plan.request.protocol
    judged = "test" if plan.request.final else "validation"
    found = []
    for task in plan.request.tasks:
        of_task = data[task.id]
        # Items that come in groups tell as much as there are groups, if a group is answered alike.
        items = of_task.group_counts.get(judged) or of_task.sizes.get(judged, 0)
        pool = of_task.sizes["train"] + (of_task.sizes.get("validation", 0) if protocol.needs_final else 0)
        sizes = sorted(
            {p.cell.labels_per_class for p in plan.cells if p.cell.task == task.id and not p.skipped}
        )
        if not sizes or not items:
            continue
        room = 1.0 - of_task.majority_share if task.metric == "accuracy" else 1.0
        spread = min(ASSUMED_SPREAD, room)
        found.append(
            Sight(
                task.id, judged, items, detectable_by_items(ASSUMED_DISAGREEMENT, items), protocol.runs,
                detectable_by_runs(ASSUMED_SD, protocol.runs), task.margin,
                {size: size * len(of_task.labels) / pool for size in sizes}, spread,
                max(FEWEST_RUNS, runs_needed(ASSUMED_SD, spread)), items_needed(ASSUMED_DISAGREEMENT, spread),
                judged in of_task.group_counts,
            )
        )  # fmt: skip
    return tuple(found)
