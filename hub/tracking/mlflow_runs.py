"""Evaluations in the MLflow UI: one run an evaluation, one logged model a base and strategy, side by side in one table.

In: evidence and the files that belong to it. Out: where the run is. Invariants: equal findings are one run, however
often they are logged; a run that was not logged to its end is replaced. Nothing that counts is read back from here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evaluators.canonical import short
from evaluators.evidence import Evidence, Findings, TaskFacts
from hub.registry.connection import Connection, connect, reported
from hub.registry.version_artifacts import experiment_id, store_file
from hub.tracking.leaderboard import FINDINGS_TAG, Row, row_params, row_tags, rows, run_name, run_tags

EXPERIMENT = "hub-evaluations"
#: Opens the UI in its view of models; it starts in that of agents.
MODEL_TRAINING = "workflowType=machine_learning"
_NOTE = (
    "Evaluations of base models, one run each. Choose *Model training* at the top left: Models is the leaderboard, one "
    "row a base and strategy, one column a metric and dataset. Written by `hub evaluate`; approvals rest on the signed "
    "evidence, never on this page."
)
_METRICS_A_BATCH = 500
_DIGEST_LENGTH = 36


def log_evaluation(evidence: Evidence, files: Mapping[str, Path], uri: str) -> str:
    """Log an evaluation.

    Args:
        evidence: What was measured.
        files: Reports, plots and the evidence document, by the path they shall have among the run's artifacts.
        uri: MLflow server or database.

    Returns:
        The address of the run in the UI, or its id where there is no server.

    Raises:
        EnvironmentProblem: If MLflow is missing, unreachable or refuses. The evidence is on disk whatever happens here.
    """
    connection = connect(uri)
    experiment = experiment_id(connection, EXPERIMENT, _NOTE)
    with reported(connection.uri):
        run_id = _finished(connection, experiment, evidence.findings.digest)
        if run_id is None:
            run_id = _log(connection, experiment, evidence, files)
    if connection.server is None:
        return run_id
    return f"{connection.uri}/#/experiments/{experiment}/runs/{run_id}?{MODEL_TRAINING}"


def _finished(connection: Connection, experiment: str, digest: str) -> str | None:
    """Return the run that logged these findings to its end; remove those that did not get there."""
    wanted, done = f"tags.`{FINDINGS_TAG}` = '{digest}'", None
    for run in connection.runs.search_runs([experiment], wanted):
        if run.info.status == "FINISHED":
            done = str(run.info.run_id)
            continue
        of_run = f"source_run_id = '{run.info.run_id}'"
        for model in connection.runs.search_logged_models([experiment], of_run):
            connection.runs.delete_logged_model(model.model_id)
        connection.runs.delete_run(run.info.run_id)
    return done


def _log(connection: Connection, experiment: str, evidence: Evidence, files: Mapping[str, Path]) -> str:
    from mlflow.entities import LoggedModelOutput

    findings, runs = evidence.findings, connection.runs
    run = runs.create_run(experiment, run_name=run_name(findings), tags=run_tags(evidence))
    run_id = str(run.info.run_id)
    runs.log_batch(run_id, params=_params(evidence))
    runs.log_inputs(run_id, datasets=list(_datasets(findings)))
    facts = {task.id: task for task in findings.tasks}
    now = round(dt.datetime.fromisoformat(evidence.observations.created).timestamp() * 1000)
    metrics, models = [], []
    for row in rows(findings):
        model = runs.create_logged_model(
            experiment,
            row.name,
            run_id,
            row_tags(row, findings),
            row_params(row, evidence),
            "base + strategy",
        )
        metrics += list(_metrics(row, facts, model.model_id, now))
        models.append(model.model_id)
    for start in range(0, len(metrics), _METRICS_A_BATCH):
        runs.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_BATCH])
    for model_id in models:
        runs.finalize_logged_model(model_id, "READY")
    runs.log_outputs(run_id, [LoggedModelOutput(model_id, 0) for model_id in models])
    for target, path in files.items():
        store_file(connection, run, target, path)
    runs.set_terminated(run_id, "FINISHED")
    return run_id


def _params(evidence: Evidence) -> list[Any]:
    from mlflow.entities import Param

    findings, observations = evidence.findings, evidence.observations
    values = {
        "protocol": str(findings.protocol.get("id", "")),
        "tasks": " ".join(task.id for task in findings.tasks),
        "candidates": " ".join(candidate.name for candidate in findings.candidates),
        "cells": str(len(findings.cells)),
        "failed": str(sum(cell.status == "failed" for cell in findings.cells)),
        "plan": short(findings.plan_digest),
        "seconds": f"{observations.seconds:.1f}",
        **_hardware(evidence),
    }
    return [Param(key, value[:500]) for key, value in values.items()]


def _hardware(evidence: Evidence) -> dict[str, str]:
    """Return each fact of the hardware; where cells were computed on several machines, all that were seen."""
    seen: dict[str, list[str]] = {}
    for place in evidence.observations.environments.values():
        for key, value in {"device": place.device, **place.hardware}.items():
            seen.setdefault(f"hardware {key}", []).append(value)
    return {key: "; ".join(dict.fromkeys(values)) for key, values in seen.items()}


def _datasets(findings: Findings) -> Iterator[Any]:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    used = sorted({(summary.task, summary.set) for summary in findings.summaries})
    facts = {task.id: task for task in findings.tasks}
    for task, name in used:
        dataset = Dataset(
            name=_dataset_name(task, name),
            digest=facts[task].digest[:_DIGEST_LENGTH],
            source_type="hub",
            source=f'{{"task": "{task}"}}',
            profile=f'{{"num_rows": {facts[task].sizes.get(name, 0)}}}',
        )
        yield DatasetInput(dataset, [InputTag("mlflow.data.context", name)])


def _metrics(row: Row, facts: Mapping[str, TaskFacts], model_id: str, now: int) -> Iterator[Any]:
    """Yield every summary as a metric of its dataset; the largest size also under the plain name of the metric."""
    from mlflow.entities import Metric

    used = sorted({(summary.task, summary.set) for summary in row.summaries})
    for summary in row.summaries:
        at = (summary.task, summary.set)
        sizes = [
            s.labels_per_class for s in row.summaries if (s.task, s.set, s.metric) == (*at, summary.metric)
        ]
        names = [f"{summary.metric} at {summary.labels_per_class} a class"]
        if summary.labels_per_class == max(sizes):
            names.append(summary.metric)
        for name in names:
            yield Metric(
                name,
                round(summary.estimate.value, 6),
                # MLflow tells values of one metric apart by time and step, not by dataset.
                now + used.index(at),
                summary.labels_per_class,
                model_id=model_id,
                dataset_name=_dataset_name(*at),
                dataset_digest=facts[summary.task].digest[:_DIGEST_LENGTH],
            )


def _dataset_name(task: str, name: str) -> str:
    return f"{task} {name}"
