"""In which order passes are computed: what is cheap first, and of equals what can change the decision. Pure.

Floors on the data alone and frozen strategies of every candidate come first: they take seconds, and often decide. Then
strategy by strategy, the cheapest first; of one strategy the largest size, on which a decision rests, and there run by
run with candidates and incumbents side by side. So an evaluation that is stopped has complete pairs. The order changes
no result, and no document: a plan lists its cells in its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.cost.training import training
from evaluators.plan import Plan, PlannedCell
from evaluators.strategy import STRATEGIES, strategy

Rank = tuple[int, float, int, str, int, int, int]
"""Stage, FLOPs of the strategy, its place on the ladder, task, size (falling), run, candidate."""


class Order:
    """The order of a plan's passes."""

    def __init__(self, plan: Plan) -> None:
        """Look through a plan once."""
        candidates = {row.candidate.name: row.candidate for row in plan.request.candidates}
        self._models = {name: place for place, name in enumerate(candidates)}
        self._rungs = {row.id: place for place, row in enumerate(STRATEGIES)}
        self._flops: dict[tuple[str, str], float] = {}
        for planned in plan.cells:
            cell, candidate = planned.cell, candidates.get(planned.cell.candidate)
            how = training(planned, candidate)
            each = candidate.structure.flops_per_input if candidate else 0
            flops = how.samples * how.passes * each
            group = (cell.task, cell.strategy)
            self._flops[group] = max(self._flops.get(group, 0.0), flops)

    def of(self, cells: Sequence[PlannedCell]) -> Rank:
        """Return the rank of a pass of these cells; the lowest is computed first."""
        cell = cells[0].cell
        return (
            _stage(cell.strategy),
            self._flops[cell.task, cell.strategy],
            self._rungs[cell.strategy],
            cell.task,
            -max(planned.cell.labels_per_class for planned in cells),
            min(planned.cell.run.index for planned in cells),
            self._models.get(cell.candidate, 0),
        )


def _stage(name: str) -> int:
    """Return 0 for floors on the data alone, 1 for what reads a frozen trunk, 2 for what trains a network."""
    row = strategy(name)
    if row.subject == "nothing":
        return 0
    return 1 if row.reads_trunk else 2
