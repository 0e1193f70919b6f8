"""Which cells of a plan are computed together, and in which order. Pure: no torch, no disk, no clock.

In: a plan. Out: passes, each a set of cells that one unit of work computes, in their order. A pass is a pure function
of the plan, so a run that broke off goes on with the same passes and gives the same bits. It changes no key: that cells
were computed together is observed (`FitCost.beside`), and each cell's result is what it would be alone, within 1e-5 in
float32.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from evaluators.pass_order import Order
from evaluators.plan import Plan, PlannedCell
from evaluators.strategy import strategy


@dataclass(frozen=True)
class Pass:
    """Cells that one unit of work computes.

    Attributes:
        cells: Their places in `Plan.cells`, rising.
    """

    cells: tuple[int, ...]


def passes(plan: Plan) -> tuple[Pass, ...]:
    """Return the passes of a plan in the order in which they are computed; every cell is in exactly one."""
    together: dict[Hashable, list[int]] = {}
    for index, planned in enumerate(plan.cells):
        together.setdefault(_company(index, planned, plan), []).append(index)
    order = Order(plan)
    ordered = sorted(together.values(), key=lambda cells: order.of([plan.cells[index] for index in cells]))
    return tuple(Pass(tuple(cells)) for cells in ordered)


def _company(index: int, planned: PlannedCell, plan: Plan) -> Hashable:
    """Return what the cells of one pass have in common; a cell that is computed alone has nothing."""
    cell, row = planned.cell, strategy(planned.cell.strategy)
    if row.fused is None or planned.skipped or not _pays(planned, plan):
        return index
    size = cell.labels_per_class if row.fused_across == "runs" else 0
    sets = tuple(sorted(planned.predict))
    return (row.id, cell.subject, cell.splits_digest, cell.settings, cell.sampler, cell.dtype, size, sets)


def _pays(planned: PlannedCell, plan: Plan) -> bool:
    """Whether a step of one cell leaves so much of the device idle that others fit in beside it."""
    cell, below = planned.cell, strategy(planned.cell.strategy).fused_below
    if below is None:
        return True
    base = plan.candidate(cell.candidate)
    batch = min(int(dict(cell.settings)["batch_size"]), cell.labels)
    return base.structure.flops_per_input * batch <= below.get(base.modality, 0.0)
