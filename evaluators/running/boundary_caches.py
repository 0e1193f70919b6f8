"""Which shared states are alive while a plan runs: made when the first cell needs them, freed after the last.

Made for the union of what cells of one base, task and dtype demand of the frozen blocks below them. The order of cells
makes no difference: what counts is which of them are still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from evaluators.boundary_demand import Group, boundary_demands, group_of, placements, shares_states, union
from evaluators.data.task_data import TaskData
from evaluators.data.view import TRAIN, inputs
from evaluators.engine.job import Progress
from evaluators.engine.placement import Placement, Tier
from evaluators.features import chunks
from evaluators.ladder.depth import frozen_blocks
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore

if TYPE_CHECKING:
    from evaluators.backbones.backbone import Backbone
    from evaluators.engine.boundary_cache import BoundaryCache


class BoundaryCaches:
    """The states of a plan's partial freezes, a cache for each base, task and dtype."""

    def __init__(
        self,
        plan: Plan,
        data: Mapping[str, TaskData],
        results: ResultStore,
        *,
        device: str,
        load: Callable[[PlannedCell], Backbone],
    ) -> None:
        """Compute nothing yet.

        Args:
            plan: All cells: which samples are computed side by side depends on it alone.
            data: The loaded tasks, by id.
            results: What is stored need not be computed.
            device: `cpu` or `cuda`.
            load: Returns a fresh, pre-trained backbone of a cell's base.
        """
        self._plan, self._data, self._results = plan, data, results
        self._device, self._load = device, load
        self._alive: dict[Group, BoundaryCache] = {}
        self._to_come: dict[Group, dict[str, PlannedCell]] | None = None
        self.samples = 0
        """Samples that went through frozen blocks so far."""
        self.layer_forwards = 0
        """Frozen blocks that they went through."""

    def states_for(self, planned: PlannedCell, progress: Progress) -> BoundaryCache | None:
        """Return the states that a cell trains from and predicts with; None for a strategy that needs none."""
        if not shares_states(planned):
            return None
        group = group_of(planned)
        if group not in self._alive:
            cells = self._pending().get(group, {})
            made = self._make(group, [*cells.values()] or [planned], progress)
            self._alive[group] = made
            self.samples += made.samples
            self.layer_forwards += made.layer_forwards
        return self._alive[group]

    def release(self, cells: Sequence[PlannedCell]) -> None:
        """Note that cells were measured, and free what none of those to come needs."""
        for planned in filter(shares_states, cells):
            group = group_of(planned)
            left = self._pending().get(group, {})
            left.pop(planned.cell.key, None)
            if not left:
                self._alive.pop(group, None)

    def _pending(self) -> dict[Group, dict[str, PlannedCell]]:
        """Return the cells of each group that are still to come, by key."""
        if self._to_come is None:
            self._to_come = {}
            for planned in self._plan.cells:
                if shares_states(planned) and self._lacking(planned):
                    self._to_come.setdefault(group_of(planned), {})[planned.cell.key] = planned
        return self._to_come

    @cached_property
    def _planned(self) -> dict[Group, dict[int, Placement]]:
        """Return where every group's states lie: of all cells, stored ones too, so that it is the plan's alone."""
        from evaluators.engine.machine import machine

        # One plan has one dtype.
        lends = machine(self._device, self._plan.request.protocol.dtype)
        return placements(boundary_demands(self._plan, self._data), lends)

    def _blocks(self, planned: PlannedCell) -> int:
        return self._plan.candidate(planned.cell.candidate).structure.blocks

    def _lacking(self, planned: PlannedCell) -> list[str]:
        """Return the sets that a cell has no predictions on."""
        return [name for name, key in planned.predict.items() if not self._results.intact("predict", key)]

    def _make(self, group: Group, cells: Sequence[PlannedCell], progress: Progress) -> BoundaryCache:
        from evaluators.engine.boundary_cache import BoundaryCache, fill, trial

        data = self._data[group[1]]
        all_cells = [p for p in self._plan.cells if shares_states(p) and group_of(p) == group]
        samples = union(all_cells, data)
        backbone = self._load(cells[0])
        blocks = len(backbone.blocks()) - 2
        depths = {frozen_blocks(dict(planned.cell.settings), blocks) for planned in cells} - {0}
        if not depths:
            return BoundaryCache()
        boundaries = trial(backbone, samples, sorted(depths))
        tiers: dict[int, Tier] = {}
        for planned in cells:
            settings = dict(planned.cell.settings)
            # The plan counts the blocks of the candidate's document, which may be others than the network's.
            expected = self._planned[group].get(frozen_blocks(settings, self._blocks(planned)))
            if expected is not None:
                tiers[frozen_blocks(settings, blocks)] = expected.tier
        needed = self._needed(cells, data)
        # Whole chunks: a run that goes on computes a sample beside the same others.
        parts = [chunk for chunk in chunks(samples) if not needed.isdisjoint(chunk.digests)]
        return fill(backbone, boundaries, parts, tiers=tiers, dtype=group[2], progress=progress)

    def _needed(self, cells: Sequence[PlannedCell], data: TaskData) -> set[str]:
        """Return the digests of what pending cells read: sets without predictions, and the draw of a fit to come."""
        needed: set[str] = set()
        for planned in cells:
            names = set(self._lacking(planned))
            if not self._results.intact("fit", planned.fit):
                names.add(TRAIN)
            for name in names:
                needed.update(inputs(planned.cell, name, data).digests)
        return needed
