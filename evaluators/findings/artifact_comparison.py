"""From what artifacts answer on the locked test to the findings about one of them.

In: the test's labels, and the predicted classes of the candidate and of what it is compared with. Out:
`ArtifactFindings`: scores with intervals over items, exact McNemar (accuracy) or a randomisation test (macro-F1),
adjusted by Holm over all comparisons, because one decision rests on all of them; whether it is not worse by the
margin. Where items come in groups, whole groups are resampled and exchanged. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeGuard

import numpy as np

from evaluators.artifact_evidence import (
    MCNEMAR,
    OF_GROUPS,
    RANDOMISATION,
    ArtifactComparison,
    ArtifactFinding,
    ArtifactFindings,
)
from evaluators.canonical import digest_of_bytes
from evaluators.data.samples import IntArray
from evaluators.evidence import Estimate
from evaluators.facts import TaskFacts
from evaluators.statistics.clustered import compare_groups, metric_interval_of_groups, p_not_worse_of_groups
from evaluators.statistics.holm import holm
from evaluators.statistics.intervals import Interval, wilson_interval
from evaluators.statistics.item_score import p_above
from evaluators.statistics.items import RESAMPLES, compare_items, metric_interval, p_not_worse
from evaluators.statistics.kinds import Metric
from evaluators.statistics.paired import mcnemar_exact
from evaluators.statistics.power import detectable_by_interval, detectable_by_items

SEED = 0


@dataclass(frozen=True, eq=False)
class Answers:
    """What one artifact answers on the locked test.

    Attributes:
        role: What it stands for.
        name: Its name.
        digest: Its identity; see `ArtifactFinding`.
        strategy: What trained it.
        base: `NAME@digest`, or None.
        size: Bytes of its folder.
        trained_on: Labels.
        same_splits: Whether it was trained on the splits that the task has now.
        predicted: (n,) classes in the task's order; below 0 for a label that the task does not have.
    """

    role: Literal["candidate", "incumbent", "baseline"]
    name: str
    digest: str
    strategy: str
    base: str | None
    size: int
    trained_on: int
    same_splits: bool
    predicted: IntArray


def artifact_findings(
    task: TaskFacts,
    labels: IntArray,
    candidate: Answers,
    references: Sequence[Answers],
    *,
    groups: IntArray | None = None,
) -> ArtifactFindings:
    """Score all, and compare the candidate with each reference.

    Args:
        task: The task: its metric decides.
        labels: (n,) true classes of the locked test.
        candidate: What is to be approved.
        references: Incumbent and baselines.
        groups: (n,) which items belong together; None where each stands for itself.

    Raises:
        ValueError: If an artifact answered other items.
    """
    metric = metric_of(task.metric)
    compared = [_compare(labels, candidate, row, metric, task.margin, groups) for row in references]
    adjusted = holm([row.p_value for row in compared])
    return ArtifactFindings(
        task=task,
        artifacts=tuple(_scored(row, labels, metric, groups) for row in (candidate, *references)),
        comparisons=tuple(
            row.model_copy(update={"p_adjusted": p}) for row, p in zip(compared, adjusted, strict=True)
        ),
        resamples=RESAMPLES,
        seed=SEED,
    )


def metric_of(name: str) -> Metric:
    """Return a task's metric as one that is computed over items."""
    return "macro_f1" if name == "macro_f1" else "accuracy"


def score_on_items(
    labels: IntArray, predicted: IntArray, metric: Metric, groups: IntArray | None = None
) -> Estimate:
    """Score one artifact's answers, with a 95 % interval over items: Wilson's for accuracy, else the bootstrap's.

    Args:
        labels: (n,) true classes.
        predicted: (n,) classes; below 0 for one that is no class of these labels.
        metric: Which.
        groups: (n,) which items belong together; None where each stands for itself.
    """
    if _grouped(groups):
        return _estimate(metric_interval_of_groups(labels, predicted, groups, metric, seed=SEED))
    if metric == "accuracy":
        return _estimate(wilson_interval(int((predicted == labels).sum()), len(labels)))
    return _estimate(metric_interval(labels, predicted, metric, seed=SEED))


def _scored(answers: Answers, labels: IntArray, metric: Metric, groups: IntArray | None) -> ArtifactFinding:
    return ArtifactFinding(
        role=answers.role,
        name=answers.name,
        digest=answers.digest,
        strategy=answers.strategy,
        base=answers.base,
        size=answers.size,
        trained_on=answers.trained_on,
        same_splits=answers.same_splits,
        estimate=score_on_items(labels, answers.predicted, metric, groups),
        predictions_sha256=digest_of_bytes(answers.predicted.astype("<i8").tobytes()),
    )


def _compare(
    labels: IntArray,
    candidate: Answers,
    reference: Answers,
    metric: Metric,
    margin: float,
    groups: IntArray | None,
) -> ArtifactComparison:
    mine, theirs = candidate.predicted, reference.predicted
    items = mcnemar_exact(np.asarray(mine == labels), np.asarray(theirs == labels))
    found = (
        compare_groups(labels, mine, theirs, groups, metric, seed=SEED)
        if _grouped(groups)
        else compare_items(labels, mine, theirs, metric, seed=SEED)
    )
    difference = Estimate(value=found.estimate, low=found.low, high=found.high, n=found.n)
    p_value, detectable = found.p_value, detectable_by_interval(found.low, found.high)
    if _grouped(groups):
        test = OF_GROUPS
        not_worse = p_not_worse_of_groups(found, len(np.unique(groups)), margin)
    elif metric == "accuracy":
        # A share of items has exact tests of its own.
        difference = Estimate(value=items.difference, low=items.low, high=items.high, n=items.n)
        p_value, test = items.p_value, MCNEMAR
        detectable = detectable_by_items(items.churn, items.n)
        not_worse = p_above(items.only_a, items.only_b, items.n, -margin)
    else:
        test = RANDOMISATION
        not_worse = p_not_worse(labels, mine, theirs, metric, margin=margin, seed=SEED)
    return ArtifactComparison(
        purpose="gain-over-incumbent" if reference.role == "incumbent" else "gain-over-best-baseline",
        reference=reference.digest,
        difference=difference,
        only_candidate=items.only_a,
        only_reference=items.only_b,
        p_value=p_value,
        p_adjusted=p_value,
        test=test,
        bootstrap_low=found.percentile[0],
        bootstrap_high=found.percentile[1],
        detectable=detectable,
        p_non_inferior=not_worse,
    )


def _grouped(groups: IntArray | None) -> TypeGuard[IntArray]:
    """Whether items come in groups: one group says nothing of another, and is left to its items."""
    return groups is not None and int(groups.max()) > 0


def _estimate(interval: Interval) -> Estimate:
    return Estimate(value=interval.value, low=interval.low, high=interval.high, n=interval.n)
