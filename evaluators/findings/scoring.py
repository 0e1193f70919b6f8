"""From one measurement to its row in the findings, and which items it got right.

Pure. A metric that is not defined is left out, never NaN: out-of-scope samples have no accuracy, known ones
no AUROC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray, IntArray
from evaluators.evidence import CellFinding, SetScore
from evaluators.facts import TaskFacts
from evaluators.findings.measurements import TEST, VALIDATION, CellMeasurement, Truths
from evaluators.metrics.classification import (
    brier,
    classification_metrics,
    expected_calibration_error,
    log_loss,
)
from evaluators.metrics.out_of_scope import out_of_scope_metrics
from evaluators.metrics.selective import selective_metrics
from evaluators.metrics.temperature import at_temperature, fit_temperature
from evaluators.statistics.item_values import Vector

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ItemAnswers:
    """What a cell answers on a set, without the probabilities of what it did not answer.

    Attributes:
        labels: (m,) true classes.
        predicted: (m,) the most probable class of each item.
        confidence: (m,) its probability.
        scaled: (m,) the same after temperature; None where none was fitted.
    """

    labels: IntArray
    predicted: IntArray
    confidence: FloatArray
    scaled: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class ScoredCell:
    """A cell's row, with what paired tests over items and diagrams need.

    Attributes:
        finding: The row.
        correct: Set name -> (m,) whether each item was right; sets of known labels only.
        answers: Set name -> what it answers; the same sets.
        forgotten: (m,) what was lost of each sample of the probe task; None where that was not asked.
    """

    finding: CellFinding
    correct: Mapping[str, BoolArray]
    answers: Mapping[str, ItemAnswers]
    forgotten: Vector | None = None

    def value(self, set_name: str, metric: str) -> float | None:
        """Return one metric on one set, or None where it was not measured."""
        for scores in self.finding.scores:
            if scores.set == set_name:
                return scores.metrics.get(metric)
        return None


def score_cell(measurement: CellMeasurement, task: TaskFacts, truths: Truths) -> ScoredCell:
    """Score one measurement on every set that it has predictions for.

    Args:
        measurement: Of a cell of `task`.
        task: Its facts: the metric and the labels.
        truths: The labels of every set it was predicted on.

    Returns:
        The row, sets in the order validation, test, others by name.

    Raises:
        ValueError: If predictions and labels do not fit, or a set has no labels.
    """
    scores, correct, answers = [], {}, {}
    temperature = _temperature(measurement, task, truths)
    for name in sorted(measurement.probabilities, key=_set_order):
        probabilities = measurement.probabilities[name]
        labels = _labels(truths, task, name, probabilities)
        if (labels < 0).all():
            metrics = _out_of_scope(measurement.probabilities.get(TEST), probabilities)
        else:
            metrics = classification_metrics(labels, probabilities) | selective_metrics(labels, probabilities)
            scaled = _scaled(name, probabilities, temperature)
            if name == VALIDATION and temperature is not None:
                metrics["temperature"] = temperature
            if scaled is not None:
                metrics |= _after_temperature(labels, scaled)
            answers[name] = _answers(labels, probabilities, scaled)
            correct[name] = answers[name].predicted == labels
        digest = measurement.digests[name]
        scores.append(SetScore(set=name, samples=len(labels), metrics=metrics, predictions_sha256=digest))
    finding = _finding(measurement, tuple(scores), _train_metric(measurement, task))
    return ScoredCell(finding, correct, answers, measurement.forgotten)


def _temperature(measurement: CellMeasurement, task: TaskFacts, truths: Truths) -> float | None:
    """Return the temperature that the cell's validation predictions ask for; None where there are none."""
    probabilities = measurement.probabilities.get(VALIDATION)
    if probabilities is None:
        return None
    labels = _labels(truths, task, VALIDATION, probabilities)
    known = labels >= 0
    return fit_temperature(labels[known], probabilities[known]) if known.any() else None


def _scaled(name: str, probabilities: FloatArray, temperature: float | None) -> FloatArray | None:
    """Return what the temperature makes of a set that it has not seen; None of validation, which it was fitted to."""
    if temperature is None or name == VALIDATION:
        return None
    return at_temperature(probabilities, temperature)


def _after_temperature(labels: IntArray, scaled: FloatArray) -> dict[str, float]:
    return {
        "ece_scaled": expected_calibration_error(labels, scaled),
        "log_loss_scaled": log_loss(labels, scaled),
        "brier_scaled": brier(labels, scaled),
    }


def _answers(labels: IntArray, probabilities: FloatArray, scaled: FloatArray | None) -> ItemAnswers:
    return ItemAnswers(
        labels,
        probabilities.argmax(axis=1),
        probabilities.max(axis=1),
        None if scaled is None else scaled.max(axis=1),
    )


def _finding(
    measurement: CellMeasurement, scores: tuple[SetScore, ...], train_metric: float | None
) -> CellFinding:
    cell = measurement.cell
    return CellFinding(
        key=cell.key,
        status=measurement.status,
        candidate=cell.candidate,
        strategy=cell.strategy,
        task=cell.task,
        labels_per_class=cell.labels_per_class,
        labels=cell.labels,
        run=cell.run.index,
        draw=cell.run.draw,
        seed=cell.run.seed,
        settings=dict(cell.settings),
        scores=scores,
        train_metric=train_metric,
        reason=measurement.reason,
        drift=measurement.drift,
    )


def _labels(truths: Truths, task: TaskFacts, name: str, probabilities: FloatArray) -> IntArray:
    labels = truths.get((task.id, name))
    if labels is None:
        raise ValueError(f"task {task.id}: no labels for the set {name}")
    if probabilities.shape != (len(labels), len(task.labels)):
        raise ValueError(
            f"task {task.id}, set {name}: predictions {probabilities.shape}, "
            f"expected ({len(labels)}, {len(task.labels)})"
        )
    return labels


def _train_metric(measurement: CellMeasurement, task: TaskFacts) -> float | None:
    if measurement.train_probabilities is None or measurement.train_labels is None:
        return None
    return classification_metrics(measurement.train_labels, measurement.train_probabilities)[task.metric]


def _out_of_scope(in_scope: FloatArray | None, outside: FloatArray) -> dict[str, float]:
    return {} if in_scope is None else out_of_scope_metrics(in_scope, outside)


def _set_order(name: str) -> tuple[int, str]:
    known = (VALIDATION, TEST)
    return (known.index(name) if name in known else len(known), name)
