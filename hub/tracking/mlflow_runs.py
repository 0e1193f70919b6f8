"""Evaluations in the MLflow UI: one run an evaluation; base and strategy of every task, side by side in one table.

In: evidence and the files that belong to it. Out: where the run is. Invariants: equal findings are one run, however
often they are logged; a run that was not logged to its end is replaced. Nothing that counts is read back from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evaluators.canonical import short
from evaluators.evidence import Evidence, Findings
from hub.registry.connection import Connection, connect, reported
from hub.registry.version_artifacts import experiment_id, store_file
from hub.tracking.experiment import EXPERIMENT, EXPERIMENT_NOTE, MODEL_TRAINING
from hub.tracking.leaderboard import FINDINGS_TAG, run_name, run_tags
from hub.tracking.live_run import unfinished
from hub.tracking.mlflow_rows import remove_covered, write_rows
from hub.tracking.row_scores import DIGEST_LENGTH, dataset_name


def log_evaluation(evidence: Evidence, files: Mapping[str, Path], uri: str, origin: str = "") -> str:
    """Log an evaluation.

    Args:
        evidence: What was measured.
        files: Reports, plots and the evidence document, by the path they shall have among the run's artifacts.
        uri: MLflow server or database.
        origin: Where it was computed: a run that was begun there is completed; see `live_run`.

    Returns:
        The address of the run in the UI, or its id where there is no server.

    Raises:
        EnvironmentProblem: If MLflow is missing, unreachable or refuses. The evidence is on disk whatever happens here.
    """
    connection = connect(uri)
    experiment = experiment_id(connection, EXPERIMENT, EXPERIMENT_NOTE)
    with reported(connection.uri):
        run_id = _finished(connection, experiment, evidence.findings.digest)
        begun = [
            run.info.run_id
            for run in unfinished(connection, experiment, evidence.findings.plan_digest, origin)
        ]
        for extra in begun[1:] if run_id is None else begun:
            connection.runs.delete_run(extra)
        if run_id is None:
            run = _begun(connection, experiment, evidence, begun[0] if begun else None)
            run_id = _log(connection, experiment, run, evidence, files)
        # After the run is whole: what an older row alone knows is never lost to a kill.
        remove_covered(connection, experiment, [task.id for task in evidence.findings.tasks])
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


def _begun(connection: Connection, experiment: str, evidence: Evidence, run_id: str | None) -> Any:
    """Return the run that an evaluation is logged into: the one that was told how far it is, or a new one."""
    from mlflow.entities import RunTag

    tags = run_tags(evidence)
    if run_id is None:
        return connection.runs.create_run(experiment, run_name=run_name(evidence.findings), tags=tags)
    # From here on it is known by its findings: if this does not get to its end, it is replaced.
    connection.runs.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    return connection.runs.get_run(run_id)


def _log(
    connection: Connection, experiment: str, run: Any, evidence: Evidence, files: Mapping[str, Path]
) -> str:
    from mlflow.entities import LoggedModelOutput

    findings, runs = evidence.findings, connection.runs
    run_id = str(run.info.run_id)
    runs.log_batch(run_id, params=_params(evidence))
    runs.log_inputs(run_id, datasets=list(_datasets(findings)))
    models = write_rows(connection, experiment, run_id, evidence)
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

    used = sorted({(row.task, row.set, row.labels_per_class) for row in findings.summaries})
    facts = {task.id: task for task in findings.tasks}
    for task, name, size in used:
        dataset = Dataset(
            name=dataset_name(task, name, size),
            digest=facts[task].digest[:DIGEST_LENGTH],
            source_type="hub",
            source=f'{{"task": "{task}"}}',
            profile=f'{{"num_rows": {facts[task].sizes.get(name, 0)}}}',
        )
        yield DatasetInput(dataset, [InputTag("mlflow.data.context", name)])
