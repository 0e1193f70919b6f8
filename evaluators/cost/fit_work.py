"""What one fit comes to in FLOPs, and what choosing its settings comes to beside it. No torch, no clock.

The same counts as those of a plan (`workload.py`), which a test holds to within a tenth of torch's own, but of one fit
by itself: nothing is shared and nothing is predicted. Floors on the data alone, and what is only asked, have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evaluators.candidate import Candidate
from evaluators.cost.flops import forward_flops
from evaluators.cost.lengths import Lengths, lengths_of, padded_in_training, padded_when_read
from evaluators.cost.prompting import asks
from evaluators.cost.training import training
from evaluators.cost.workload import SOLVER_PASSES, phase_of
from evaluators.data.task_data import TaskData
from evaluators.plan import Plan, PlannedCell
from evaluators.serving import served
from evaluators.strategy import strategy
from evaluators.work_evidence import FitWork

#: Mixtures of two networks that are tried on what is held out (`engine/probe_first.py`).
MIXES = 11
#: Share of a draw that settings are tried on; a fifth of it is held out to choose by.
_FITTED = 0.8


def fit_works(plan: Plan, data: Mapping[str, TaskData], folders: Mapping[str, Path]) -> tuple[FitWork, ...]:
    """Return the work of a fit of every arm of a plan, at its largest size.

    Args:
        plan: What is measured.
        data: The loaded tasks, by id.
        folders: Files of each candidate, for its tokenizer; may lack any.
    """
    lengths: dict[tuple[str, str], Lengths] = {}
    found = []
    for planned in served(plan):
        row, cell = strategy(planned.cell.strategy), planned.cell
        if phase_of(row) == "floors" or asks(row):
            continue
        candidate, place = plan.candidate(cell.candidate), (cell.candidate, cell.task)
        if place not in lengths:
            lengths[place] = lengths_of(candidate, data[cell.task].train.samples, folders.get(cell.candidate))
        found.append(_work(planned, plan, candidate, lengths[place], len(data[cell.task].labels)))
    return tuple(found)


def _work(planned: PlannedCell, plan: Plan, candidate: Candidate, lengths: Lengths, classes: int) -> FitWork:
    cell, settings = planned.cell, dict(planned.cell.settings)
    recipe = _trained(planned, candidate, lengths)
    if "C" in settings and "epochs" not in settings:
        recipe += cell.labels * forward_flops(candidate, padded_when_read(lengths, cell.labels))
    if "C" in settings:
        recipe += _solving(candidate, cell.labels, classes)
    searches = plan.request.protocol.selection == "held-out"
    return FitWork(
        task=cell.task,
        candidate=cell.candidate,
        strategy=cell.strategy,
        labels_per_class=cell.labels_per_class,
        recipe_flops=float(round(recipe)),
        search_flops=float(round(_searched(planned, candidate, lengths, classes))) if searches else 0.0,
    )


def _searched(planned: PlannedCell, candidate: Candidate, lengths: Lengths, classes: int) -> float:
    """Return what choosing settings takes: a head is solved for each; a mixture takes one trained network for all."""
    cell, row = planned.cell, strategy(planned.cell.strategy)
    if row.searched == 1:
        return 0.0
    fitted = max(1, round(_FITTED * cell.labels))
    flops = row.searched * _solving(candidate, fitted, classes)
    if "alpha" in dict(cell.settings):
        fewer = planned.model_copy(update={"cell": replace(cell, labels=fitted)})
        flops += _trained(fewer, candidate, lengths)
        aside = cell.labels - fitted
        flops += MIXES * aside * forward_flops(candidate, padded_when_read(lengths, max(1, aside)))
    return flops


def _trained(planned: PlannedCell, candidate: Candidate, lengths: Lengths) -> float:
    how, labels = training(planned, candidate), planned.cell.labels
    flops = 0.0
    if how.steps:
        drawn = how.batch if how.mixed else labels
        step = forward_flops(candidate, padded_in_training(lengths, drawn, how.batch))
        flops += how.samples * how.passes * step
    if how.before:
        flops += how.before * forward_flops(candidate, padded_when_read(lengths, labels))
    return flops


def _solving(candidate: Candidate, labels: int, classes: int) -> float:
    return 2.0 * candidate.structure.width * classes * SOLVER_PASSES * labels
