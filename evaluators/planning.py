"""From a request to its plan: which cells there are, and the graph of pure nodes that each is lowered to.

In: a `Request` and the loaded tasks, of which only labels of the training pool are read. Out: a `Plan`. A strategy
lowers a cell to `View -> Trunk -> Features -> Fit -> Predict`; equal keys are one node. No torch, no disk, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from evaluators.candidate import Candidate
from evaluators.canonical import digest_of
from evaluators.cell import Cell, Run
from evaluators.data.draws import TooFewLabels
from evaluators.data.task_data import TaskData
from evaluators.data.view import TEST, TRAIN, VALIDATION, draw, label_inputs
from evaluators.errors import UsageProblem
from evaluators.fitness import unfit
from evaluators.plan import Node, Plan, PlannedCandidate, PlannedCell, Request
from evaluators.protocol import Protocol
from evaluators.strategy import STRATEGIES, Strategy, strategy
from evaluators.task import Task

#: The view of the labels' names as texts, which a fit reads and nothing is predicted for.
_LABELS = "labels"


def make_plan(request: Request, data: Mapping[str, TaskData]) -> Plan:
    """Plan every candidate x task x strategy x size x run.

    Args:
        request: What to measure; incumbents are candidates with that role and are measured on the same draws and seeds.
        data: The loaded tasks, by id. Only labels of the training pool are read.

    Raises:
        UsageProblem: If the protocol needs the locked test and `final` is not asked for, or nothing is to be measured.
    """
    if request.protocol.needs_final and not request.final:
        raise UsageProblem(
            f"protocol {request.protocol.id} draws from validation too, so it can only be scored on the locked test",
            hint="add --final",
        )
    builder = _Builder(request)
    for task in request.tasks:
        for planned in request.candidates:
            for row in _rows(request, planned, task):
                builder.add(row, planned.candidate, task, data[task.id])
    if not builder.cells:
        raise UsageProblem("nothing to measure: no strategy fits the candidates and tasks")
    ordered = sorted(builder.cells.values(), key=_light_first)
    return Plan(request=request, cells=tuple(ordered), nodes=tuple(builder.nodes.values()))


def trunk_key(candidate: Candidate, dtype: str, sees: str = "features") -> str:
    """Return the key of a candidate's frozen trunk: its pooled features, or its pooled `layers`."""
    tap = {} if sees == "features" else {"tap": sees}
    return digest_of({"op": "trunk", "subject": candidate.subject, "dtype": dtype, "version": 1, **tap})


class _Builder:
    """Collects cells and nodes; equal keys become one."""

    def __init__(self, request: Request) -> None:
        self.request = request
        # By key and candidate: two candidates of one architecture share the results of from-scratch, not the row.
        self.cells: dict[tuple[str, str], PlannedCell] = {}
        self.nodes: dict[str, Node] = {}

    def add(self, row: Strategy, candidate: Candidate, task: Task, data: TaskData) -> None:
        """Add a strategy's cells of one candidate on one task."""
        protocol = self.request.protocol
        first = _cell(row, candidate, task, protocol)
        rarest = int(np.min(np.bincount(data.pool(protocol.pool).labels, minlength=len(data.labels))))
        for size in protocol.sizes(rarest):
            for index in range(self.request.runs(first)):
                cell = replace(
                    first,
                    labels_per_class=size,
                    labels=size * len(data.labels),
                    run=Run(index, index, index),
                )
                if (cell.key, cell.candidate) not in self.cells:
                    self.cells[cell.key, cell.candidate] = self._lower(cell, row, candidate, task, data)

    def _lower(
        self, cell: Cell, row: Strategy, candidate: Candidate, task: Task, data: TaskData
    ) -> PlannedCell:
        """Lower a cell to its nodes."""
        sets = [TRAIN]
        if not self.request.protocol.needs_final:
            sets.append(VALIDATION)
        if self.request.final:
            sets += [TEST, *data.shifted_names]
        drawn = ["train", cell.sampler, cell.labels_per_class, cell.run.draw]
        shifted = {row.id: task.shift_identity(row) for row in task.shifts}
        views = {
            name: self._node("view", [cell.splits_digest, shifted.get(name, name)])
            for name in sets
            if name != TRAIN
        }
        views[TRAIN] = self._node("view", [cell.splits_digest, drawn])
        if labels := label_inputs(cell, data).digests:
            views[_LABELS] = self._node("view", [list(labels)])
        trunk = None
        if row.reads_trunk:
            trunk = trunk_key(candidate, cell.dtype, row.sees)
            self.nodes.setdefault(trunk, Node(op="trunk", key=trunk))
            views = {name: self._node("features", [], trunk, view) for name, view in views.items()}
        labelled = [views.pop(_LABELS)] if labels else []
        fit = self._node("fit", [cell.key], views[TRAIN], *labelled)
        predict = {name: self._node("predict", [], fit, view) for name, view in views.items()}
        return PlannedCell(
            cell=cell,
            fit=fit,
            predict=predict,
            trunk=trunk,
            skipped=unfit(row, candidate) or _unable(cell, data),
        )

    def _node(
        self, op: Literal["view", "features", "fit", "predict"], params: list[Any], *inputs: str
    ) -> str:
        key = digest_of({"op": op, "params": params, "inputs": list(inputs), "version": 1})
        self.nodes.setdefault(key, Node(op=op, key=key, inputs=inputs))
        return key


def _rows(request: Request, planned: PlannedCandidate, task: Task) -> Sequence[Strategy]:
    """Return the strategies to measure.

    Of a candidate: those asked for, and always the baselines of the protocol. Of an incumbent: the one that it was
    approved with, whether or not the protocol names it.
    """
    if planned.candidate.modality != task.modality:
        return ()
    if planned.role == "incumbent":
        approved = planned.incumbent_for.get(task.id)
        return (strategy(approved),) if approved else ()
    named = [strategy(name) for name in request.protocol.strategies]
    only = {strategy(name).id for name in request.strategies}
    missing = only - {row.id for row in named}
    named += [row for row in STRATEGIES if row.id in missing]
    return [
        row
        for row in named
        if task.modality in row.modalities and (not only or row.is_baseline or row.id in only)
    ]


def _unable(cell: Cell, data: TaskData) -> str | None:
    """Say why a cell cannot be measured, if it cannot."""
    try:
        draw(cell, data)
    except TooFewLabels as problem:
        named = TooFewLabels(problem.label, problem.have, problem.need, data.labels)
        return f"{named.message}: {named.hint}"
    return None


def _cell(row: Strategy, candidate: Candidate, task: Task, protocol: Protocol) -> Cell:
    """Return the first run of a strategy at one label a class; sizes and runs are `replace`d into it."""
    subjects = {
        "nothing": "",
        "architecture": candidate.architecture_subject,
        "weights": candidate.subject,
    }
    settings = {**row.defaults_for(candidate.modality), **protocol.settings.get(row.id, {})}
    return Cell(
        subject=subjects[row.subject],
        candidate=candidate.name if row.subject != "nothing" else "",
        task=task.id,
        splits_digest=task.splits_digest,
        strategy=row.id,
        strategy_version=row.version,
        settings=tuple(sorted(settings.items())),
        labels_per_class=1,
        labels=1,
        run=Run(0, 0, 0),
        sampler=f"{protocol.sampler}/{protocol.pool}/{protocol.selection}",
        dtype=protocol.dtype,
    )


def _light_first(planned: PlannedCell) -> tuple[int, str, int, int, int, str]:
    """Order of measuring: lightest rung first, then small sizes, so that an early answer is a cheap one."""
    cell = planned.cell
    row = strategy(cell.strategy)
    from_scratch_last = row.tier.rung if row.subject != "architecture" else 2
    return (
        from_scratch_last,
        cell.task,
        STRATEGIES.index(row),
        cell.labels_per_class,
        cell.run.index,
        cell.candidate,
    )
