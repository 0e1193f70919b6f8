"""What partial freezes demand of the frozen blocks below them, and what sharing saves. Pure: no torch, no disk.

In: planned cells and their tasks. Out: for each base, task and dtype the depths that are tapped, the samples in the
union, and the layer-forwards (one sample through one frozen block) with shared states, with each cell's own, and
without any. Counts are exact; bytes and FLOPs are estimates, because how wide a state is shows only when it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluators.candidate import TEXT_TOKENS, Candidate, ImageInput
from evaluators.cost.lengths import some_of, token_lengths
from evaluators.data.samples import Samples
from evaluators.data.task_data import TaskData
from evaluators.data.view import TRAIN, inputs
from evaluators.engine.placement import Cached, Machine, Placement, place
from evaluators.engine.recipe import recipe_of
from evaluators.features import distinct
from evaluators.ladder.depth import freezes_blocks, frozen_blocks
from evaluators.plan import Plan, PlannedCell
from evaluators.strategy import strategy

Group = tuple[str, str, str]
"""Cells that share states: base, task, dtype."""


@dataclass(frozen=True)
class BoundaryDemand:
    """What the partial freezes of one base on one task demand.

    Attributes:
        candidate: Name of the base.
        task: Id of the task.
        dtype: Arithmetic of the forward.
        cells: How many there are.
        reads: By depth that is tapped, bottom-up: how many states are read, over all steps and predictions.
        samples: Distinct samples in the union of all draws and sets.
        layer_forwards: With shared states: each of these through each frozen block once.
        layer_forwards_alone: If each cell took the states of its own samples.
        layer_forwards_uncached: If the frozen blocks ran at every step and in every prediction.
        bytes: By depth, the states' estimated size.
        flops: By depth, estimated for one sample.
        may_touch_disk: Whether the states may lie on disk: not those of restricted and personal data.
    """

    candidate: str
    task: str
    dtype: str
    cells: int
    reads: Mapping[int, int]
    samples: int
    layer_forwards: int
    layer_forwards_alone: int
    layer_forwards_uncached: int
    bytes: Mapping[int, int]
    flops: Mapping[int, float]
    may_touch_disk: bool

    @property
    def saved(self) -> int:
        """Return the layer-forwards that sharing saves against each cell's own states."""
        return self.layer_forwards_alone - self.layer_forwards

    def caches(self) -> list[Cached]:
        """Return what is to be placed, a cache for each depth, bottom-up."""
        return [
            Cached(
                samples=self.samples,
                bytes_per_sample=self.bytes[depth] / max(1, self.samples),
                flops_per_sample=self.flops[depth],
                reads=reads,
                may_touch_disk=self.may_touch_disk,
            )
            for depth, reads in self.reads.items()
        ]


def shares_states(planned: PlannedCell) -> bool:
    """Whether a cell trains the upper blocks of a pre-trained base, above frozen ones."""
    row = strategy(planned.cell.strategy)
    trains = row.sees == "samples" and row.subject == "weights" and not planned.skipped
    return trains and freezes_blocks(dict(planned.cell.settings))


def group_of(planned: PlannedCell) -> Group:
    """Return what the cells that read the same states have in common."""
    return (planned.cell.subject, planned.cell.task, planned.cell.dtype)


def boundary_demands(
    plan: Plan, data: Mapping[str, TaskData], cells: Sequence[PlannedCell] | None = None
) -> dict[Group, BoundaryDemand]:
    """Return what a plan's partial freezes demand, by group, in the order of their first cells.

    Args:
        plan: What will be measured.
        data: The loaded tasks, by id; only inputs are read.
        cells: Only these; None for all of the plan.
    """
    members: dict[Group, list[PlannedCell]] = {}
    for planned in plan.cells if cells is None else cells:
        if shares_states(planned):
            members.setdefault(group_of(planned), []).append(planned)
    return {group: _demand(plan, data[group[1]], rows) for group, rows in members.items()}


def placements(
    demands: Mapping[Group, BoundaryDemand], machine: Machine
) -> dict[Group, dict[int, Placement]]:
    """Return where the states of all groups lie, which may be alive together, by group and depth."""
    places = iter(place([cached for demand in demands.values() for cached in demand.caches()], machine))
    return {group: {depth: next(places) for depth in demand.reads} for group, demand in demands.items()}


def union(cells: Sequence[PlannedCell], data: TaskData) -> Samples:
    """Return each distinct sample that cells of one task demand once, in an order that depends on content only."""
    return distinct([_inputs(planned, name, data) for planned, name in _views(cells).values()])


def _demand(plan: Plan, data: TaskData, cells: Sequence[PlannedCell]) -> BoundaryDemand:
    cell = cells[0].cell
    candidate = plan.candidate(cell.candidate)
    blocks = candidate.structure.blocks
    reads: dict[int, int] = {}
    alone = uncached = 0
    for planned in cells:
        depth = frozen_blocks(dict(planned.cell.settings), blocks)
        if depth == 0:
            continue
        recipe, labels = recipe_of(dict(planned.cell.settings)), planned.cell.labels
        trained = recipe.steps(labels) * min(recipe.batch_size, labels)
        predicted = sum(labels if name == TRAIN else data.sizes[name] for name in planned.predict)
        reads[depth] = reads.get(depth, 0) + trained + predicted
        alone += depth * len(union([planned], data))
        uncached += depth * (trained + predicted)
    samples = len(union(cells, data))
    task = plan.task(cell.task)
    return BoundaryDemand(
        candidate=cell.candidate,
        task=cell.task,
        dtype=cell.dtype,
        cells=len(cells),
        reads=dict(sorted(reads.items())),
        samples=samples,
        layer_forwards=samples * max(reads, default=0),
        layer_forwards_alone=alone,
        layer_forwards_uncached=uncached,
        bytes={
            depth: round(samples * state_bytes(candidate, data, depth, cell.dtype)) for depth in sorted(reads)
        },
        flops={depth: forward_flops(candidate, data) * depth / blocks for depth in sorted(reads)},
        may_touch_disk=task.sensitivity != "restricted" and task.id not in plan.request.personal_tasks,
    )


def _views(cells: Sequence[PlannedCell]) -> dict[tuple[object, ...], tuple[PlannedCell, str]]:
    """Return one cell and set for each view of the data that cells have."""
    views: dict[tuple[object, ...], tuple[PlannedCell, str]] = {}
    for planned in cells:
        for name in planned.predict:
            drawn = (
                (planned.cell.sampler, planned.cell.labels_per_class, planned.cell.run.draw)
                if name == TRAIN
                else ()
            )
            views.setdefault((name, *drawn), (planned, name))
    return views


def _inputs(planned: PlannedCell, name: str, data: TaskData) -> Samples:
    return inputs(planned.cell, name, data)


def state_bytes(candidate: Candidate, data: TaskData, depth: int, dtype: str) -> float:
    """Estimate the bytes of one sample's state above `depth` blocks: positions x width x bytes of a number.

    Of a network whose name tells no patch size, a pyramid is assumed: a quarter of the sides and an eighth of the
    width at first, and half the sides and twice the width at each of three reductions.
    """
    width, size = candidate.structure.width, 4 if dtype == "float32" else 2
    if not isinstance(candidate.input, ImageInput):
        return tokens_per_text(candidate, data) * width * size
    side = candidate.input.size
    patch = re.search(r"patch(\d+)", candidate.structure.architecture)
    if patch or "vit" in candidate.structure.architecture:
        return ((side // (int(patch[1]) if patch else 16)) ** 2 + 1) * width * size
    stage = min(3, 4 * max(0, depth - 1) // candidate.structure.blocks)
    return (side / (4 << stage)) ** 2 * (width / (8 >> stage)) * size


def forward_flops(candidate: Candidate, data: TaskData) -> float:
    """Estimate the FLOPs of one forward pass over a sample of usual length."""
    if isinstance(candidate.input, ImageInput):
        return float(candidate.structure.flops_per_input)
    # Both lengths are short, so the part of attention that grows with the square does not count.
    share = tokens_per_text(candidate, data) / min(TEXT_TOKENS, candidate.input.max_tokens)
    return candidate.structure.flops_per_input * share


def tokens_per_text(candidate: Candidate, data: TaskData) -> float:
    """Estimate the tokens of a task's texts from their words, each text cut by itself; 1 for images.

    Words and not the tokenizer's tokens: where states lie is decided by the plan alone, and tokenizers are files.
    """
    if isinstance(candidate.input, ImageInput):
        return 1.0
    return float(token_lengths(some_of(data.train.samples.texts), candidate.input, None).mean())
