"""In which order passes are computed: what is cheap first, and of equals what can change the decision. Pure.

Floors on the data alone, and what reads the features of a frozen trunk, come first for every candidate: they take
seconds, and often decide. Then strategy by strategy, the cheapest first, in-context learning by what its prompts cost;
of one strategy the largest size, on which a decision rests, and there run by run with candidates and incumbents side by
side. So an evaluation that is stopped has complete pairs. The order changes no result, and no document: a plan lists
its cells in its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluators.candidate import TEXT_TOKENS, Candidate
from evaluators.cost.prompting import asking, asks, usual_prompt
from evaluators.cost.training import training
from evaluators.plan import Plan, PlannedCell
from evaluators.strategy import STRATEGIES, strategy

#: Samples that a cell is taken to predict: a plan does not say how many there are.
READ = 1000
_OWN_NETWORK = 2

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
            group = (planned.cell.task, planned.cell.strategy)
            flops = _flops(planned, candidates.get(planned.cell.candidate))
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


def _flops(planned: PlannedCell, candidate: Candidate | None) -> float:
    """Return the FLOPs of a cell that runs a network of its own: training, and predicting `READ` samples."""
    row = strategy(planned.cell.strategy)
    if candidate is None or _stage(row.id) < _OWN_NETWORK:
        return 0.0
    if asks(row):
        return asking(candidate, usual_prompt(planned), np.array([float(TEXT_TOKENS)]), READ).flops
    how = training(planned, candidate)
    passes = how.samples * how.passes + how.before + how.reading * READ
    return passes * candidate.structure.flops_per_input


def _stage(name: str) -> int:
    """Return 0 for floors on the data alone, 1 for what reads a frozen trunk, 2 for what runs a network of its own."""
    row = strategy(name)
    if row.subject == "nothing":
        return 0
    return 1 if row.reads_trunk else _OWN_NETWORK
