"""What each strategy of a climb was given: settings tried x steps, marked where not comparable; seconds and weights.

In: evidence. Out: a table a climb. A strategy that chose among thirteen settings had more luck to find than one that
was trained once: the reader must see it. Steps are what was observed: of an optimiser, or of a solver.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.evidence import Evidence
from evaluators.observations import CellCost
from evaluators.report.table import ResultTable
from evaluators.strategy import STRATEGIES
from evaluators.trail import Climb
from evaluators.wording import at_size, duration, title

#: Share of the largest budget below which another one is marked.
_EQUAL = 0.8
UNEQUAL = "unequal budget"


@dataclass(frozen=True)
class TuningBudget:
    """What one strategy was given.

    Attributes:
        strategy: Its name.
        trials: Settings that it tried: its grid where the protocol selects `held-out`, else 1.
        steps: Of one fit, the median over runs; None where no cost was kept.
        seconds: Of one fit; None where no cost was kept.
        trained: Parameters that it trains; None where no cost was kept.
        equal: Whether trials x steps is within 20 % of the largest on the climb, or nothing is stepped.
    """

    strategy: str
    trials: int
    steps: int | None
    seconds: float | None
    trained: int | None
    equal: bool

    @property
    def total(self) -> int | None:
        """Trials x steps; None where the steps are not known."""
        return None if self.steps is None else self.trials * self.steps


def tuning_budgets(evidence: Evidence, found: Climb) -> tuple[TuningBudget, ...]:
    """Return what each scored strategy of a climb was given, in the order of the climb."""
    selects = evidence.findings.protocol.get("selection") == "held-out"
    names = [row.strategy for rung in found.rungs for row in rung.tried if row.status in ("best", "lost")]
    costs = {name: _typical(evidence, found, name) for name in names}
    grids = {row.id: row.searched for row in STRATEGIES}  # of what has left the ladder nothing is known
    tried = {name: grids.get(name, 1) if selects else 1 for name in names}
    most = max((tried[name] * cost.steps for name, cost in costs.items() if cost), default=0)
    return tuple(
        TuningBudget(
            name,
            tried[name],
            steps=cost.steps if cost else None,
            seconds=cost.seconds if cost else None,
            trained=cost.trained_parameters if cost else None,
            equal=cost is None or not cost.steps or tried[name] * cost.steps >= _EQUAL * most,
        )
        for name, cost in costs.items()
    )


def budget_table(evidence: Evidence, found: Climb) -> ResultTable | None:
    """Return the table of a climb; None where no cost was kept."""
    budgets = tuning_budgets(evidence, found)
    if all(row.steps is None for row in budgets):
        return None
    rows = tuple(
        (
            title(row.strategy),
            f"{row.trials}",
            "" if row.steps is None else f"{row.steps:,}",
            "" if row.total is None else f"{row.total:,}",
            "" if row.equal else UNEQUAL,
            "" if row.seconds is None else duration(row.seconds),
            "" if row.trained is None else f"{row.trained:,}",
        )
        for row in budgets
    )
    heading = f"What was spent on {found.candidate} on {found.task}, at {at_size(found.labels_per_class)}"
    columns = ("strategy", "settings tried", "steps of one", "in all", "beside the most", "a fit", "trains")
    return ResultTable(heading, columns, rows)


def _typical(evidence: Evidence, found: Climb, name: str) -> CellCost | None:
    """Return the cost of the run in the middle, by steps and then by time."""
    seen = sorted(
        (
            cost
            for cost in evidence.observations.costs
            if (cost.task, cost.candidate, cost.strategy, cost.labels_per_class)
            == (found.task, found.candidate, name, found.labels_per_class)
        ),
        key=lambda cost: (cost.steps, cost.seconds),
    )
    return seen[len(seen) // 2] if seen else None
