"""What a base is asked before and after it was adapted: which samples, of which task, for which cells. Pure.

The card of a base names a probe task: something that it could do. What it can do of that after it was adapted to
another task, with a linear probe fitted anew, is what it has not forgotten. Where no card names one, or it is the task
itself, only the movement of the features is measured, on inputs of the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluators.canonical import digest_of
from evaluators.data.draws import draw_indices
from evaluators.data.samples import IntArray, Samples
from evaluators.data.task_data import TaskData
from evaluators.data.view import TRAIN, VALIDATION
from evaluators.plan import Plan, PlannedCell
from evaluators.serving import largest_sizes
from evaluators.strategy import strategy

#: Labels that a probe is fitted to, samples that it is scored on, at most: a few seconds a fit on two cores.
MOST_FITTED, MOST_SCORED = 160, 240
#: Of each class even so, where there are as many: a probe of two labels a class is mostly noise.
FEWEST_EACH = 8
#: Fewer samples have too few neighbours to compare.
FEWEST = 40


@dataclass(frozen=True, eq=False)
class Probe:
    """Samples that a base is asked about.

    Attributes:
        name: Id of the probe task, or the name of the task's own set.
        samples: n inputs; the first `fitted` of them are what a probe is fitted to.
        labels: (n,) class indices; None where only features are compared.
        fitted: How many of them are fitted to.
        classes: Number of classes.
        metric: What the probe is scored in; "" without labels.
    """

    name: str
    samples: Samples
    labels: IntArray | None = None
    fitted: int = 0
    classes: int = 0
    metric: str = ""

    @property
    def digest(self) -> str:
        """Identity of what is asked."""
        labels = [] if self.labels is None else self.labels.tolist()
        return digest_of([self.name, self.metric, self.fitted, list(self.samples.digests), labels])


def drifting(plan: Plan) -> frozenset[str]:
    """Return the fits that are asked: every run of the first look at the largest size, where the base is trained."""
    largest = largest_sizes(plan)
    return frozenset(
        planned.fit
        for planned in plan.cells
        if not planned.skipped
        and _changes_base(planned)
        and planned.cell.run.index < plan.request.protocol.runs
        and planned.cell.labels_per_class
        == largest[planned.cell.task, planned.cell.candidate, planned.cell.strategy]
    )


def probe_of(planned: PlannedCell, plan: Plan, data: Mapping[str, TaskData]) -> Probe | None:
    """Return what a cell's base is asked; None where there are too few samples to compare."""
    row = next(row for row in plan.request.candidates if row.candidate.name == planned.cell.candidate)
    if row.probe and row.probe != planned.cell.task and row.probe in data:
        metric = next(task.metric for task in plan.request.read_tasks if task.id == row.probe)
        return _labelled(row.probe, data[row.probe], metric)
    name = VALIDATION if VALIDATION in planned.predict else TRAIN
    own = data[planned.cell.task].open(name).samples
    chosen = _order(own)[:MOST_SCORED]
    return Probe(name, own.take(chosen)) if len(chosen) >= FEWEST else None


def drift_key(planned: PlannedCell, probe: Probe) -> str:
    """Return the key of what came out: it depends on the fit and on what was asked."""
    return digest_of({"op": "drift", "fit": planned.fit, "probe": probe.digest, "version": 2})


def _changes_base(planned: PlannedCell) -> bool:
    row = strategy(planned.cell.strategy)
    return row.sees == "samples" and row.subject == "weights" and "causal-lm" not in row.needs


def _labelled(name: str, data: TaskData, metric: str) -> Probe | None:
    """Return labels to fit a probe to, as many of each class, and validation samples to score it on."""
    rarest = int(np.min(np.bincount(data.train.labels, minlength=len(data.labels))))
    each = max(1, min(rarest, max(FEWEST_EACH, MOST_FITTED // len(data.labels))))
    fitted = draw_indices(
        data.train.labels, per_class=each, draw=0, sampler="nested", splits_digest=data.splits_digest
    )
    scored = _order(data.validation.samples)[:MOST_SCORED]
    if len(fitted) + len(scored) < FEWEST:
        return None
    ours, others = data.train.take(fitted), data.validation.take(scored)
    both = ours.followed_by(others, name=name)
    return Probe(name, both.samples, both.labels, len(ours), len(data.labels), metric)


def _order(samples: Samples) -> list[int]:
    """Return an order that depends on the contents alone, and on no label."""
    return sorted(range(len(samples)), key=lambda index: samples.digests[index])
