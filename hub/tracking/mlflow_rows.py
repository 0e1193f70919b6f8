"""Rows of the leaderboard in MLflow: one logged model a base, strategy, protocol and task, measured once or often.

In: an open connection, an evaluation, its run. Out: logged models. A row that stands there already is written anew with
what both know, and the old one is removed when the new one is whole: killed in between, there are two, and whoever
logs next makes one of them. Requests: a search a task, three a row, one for 500 scores; none a measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.evidence import Evidence
from hub.registry.connection import Connection
from hub.tracking.leaderboard import ROW_TAG, row_params, row_tags, rows
from hub.tracking.row_scores import RowScore, best_first, covers, merged, scores_of, timestamps

_METRICS_A_BATCH = 500
_MODELS_A_PAGE = 100


@dataclass(frozen=True, eq=False)
class LoggedRow:
    """A row as it stands in MLflow."""

    model: Any
    key: str
    scores: tuple[RowScore, ...]


def write_rows(connection: Connection, experiment: str, run_id: str, evidence: Evidence) -> tuple[str, ...]:
    """Write the rows of an evaluation, each with what stands there already; return the ids of the logged models."""
    found = rows(evidence.findings)
    standing = logged_rows(connection, experiment, {row.task.id for row in found})
    scored = []
    for row in found:
        before = (old.scores for old in standing if old.key == row.key)
        scored.append((row, merged(scores_of(row, evidence.observations.created), *before)))
    written, metrics = [], []
    # The UI can sort by the time of creation alone, newest first: so the best is created last.
    for row, scores in reversed(best_first(scored)):
        model = connection.runs.create_logged_model(
            experiment,
            row.name,
            run_id,
            row_tags(row, evidence.findings),
            {**row_params(row, evidence), **{score.param: score.text for score in scores}},
            "base + strategy",
        )
        metrics += list(_metrics(scores, model.model_id))
        written.append(str(model.model_id))
    for start in range(0, len(metrics), _METRICS_A_BATCH):
        connection.runs.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_BATCH])
    for model_id in written:
        connection.runs.finalize_logged_model(model_id, "READY")
    return tuple(written)


def remove_covered(connection: Connection, experiment: str, tasks: Iterable[str]) -> None:
    """Remove every row whose scores another one with the same key has, as new or newer: each task has a row once."""
    kept: dict[str, list[LoggedRow]] = {}
    newest_first = sorted(
        logged_rows(connection, experiment, tasks), key=lambda row: row.model.creation_timestamp, reverse=True
    )
    for row in newest_first:
        if any(covers(other.scores, row.scores) for other in kept.get(row.key, ())):
            connection.runs.delete_logged_model(row.model.model_id)
        else:
            kept.setdefault(row.key, []).append(row)


def logged_rows(connection: Connection, experiment: str, tasks: Iterable[str]) -> tuple[LoggedRow, ...]:
    """Return the rows of tasks that were written to their end."""
    return tuple(row for task in sorted(tasks) for row in _of_task(connection, experiment, task))


def _of_task(connection: Connection, experiment: str, task: str) -> Iterator[LoggedRow]:
    token = None
    while True:
        page = connection.runs.search_logged_models(
            [experiment], f"params.task = '{task}'", max_results=_MODELS_A_PAGE, page_token=token
        )
        for model in page:
            key = model.tags.get(ROW_TAG)
            if key and model.status.value == "READY":
                yield LoggedRow(model, key, _scores(model))
        token = page.token
        if not token:
            return


def _scores(model: Any) -> tuple[RowScore, ...]:
    found = []
    for metric in model.metrics or ():
        score = RowScore(
            metric.key,
            str(metric.dataset_name),
            str(metric.dataset_digest),
            metric.step,
            metric.value,
            "",
            metric.timestamp // 1000,
        )
        found.append(_with_text(score, model.params))
    return tuple(found)


def _with_text(score: RowScore, params: dict[str, str]) -> RowScore:
    text = params.get(score.param, f"{score.value:.4f}")
    return RowScore(score.metric, score.dataset, score.digest, score.size, score.value, text, score.created)


def _metrics(scores: Sequence[RowScore], model_id: str) -> Iterator[Any]:
    from mlflow.entities import Metric

    later = timestamps(scores)
    for score in scores:
        yield Metric(
            score.metric,
            score.value,
            1000 * score.created + later[score.dataset],
            score.size,
            model_id=model_id,
            dataset_name=score.dataset,
            dataset_digest=score.digest,
        )
