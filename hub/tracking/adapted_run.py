"""An adapted model in the MLflow UI: one run with one logged model, which `mlflow.pyfunc` loads without the folder.

In: an adapted model on disk, verified. Out: where the run is. Invariants: the files below `model/` are those of the
folder, byte for byte, read back and compared; equal folders are one run, however often they are logged; a run that was
not logged to its end is replaced. No text or image of the task is logged, only the names of its labels.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.canonical import digest_of_file
from evaluators.errors import IntegrityError
from evaluators.wording import learns
from hub.adapted.files import Artifact
from hub.adapted.lineage import LINEAGE, Adapted
from hub.registry.adapted_model import build_adapted
from hub.registry.connection import Connection, connect, reported
from hub.registry.registry import OWNED
from hub.registry.version_artifacts import experiment_id, store_at, stored_digest
from hub.tracking.experiment import MODEL_TRAINING

EXPERIMENT = "hub-adapted"
#: What the logged model is called inside its run: `runs:/RUN/model`.
MODEL_NAME = "model"
ADAPTED_TAG = "hub.adapted"
#: What MLflow keeps of a tag on every database.
_MOST_TEXT = 5000
_NOTE = (
    "Models that `hub adapt` made of approved bases, one run each. Load one with `mlflow.pyfunc.load_model("
    '"runs:/RUN/model")`: it answers with labels. Not approved by standing here: `hub promote --adapted`.'
)
_DIGEST_LENGTH = 36


@dataclass(frozen=True)
class LoggedAdapted:
    """Where an adapted model was logged.

    Attributes:
        run_id: Its run.
        address: The run in the UI, or its id where there is no server.
    """

    run_id: str
    address: str

    @property
    def model_uri(self) -> str:
        """What `mlflow.pyfunc.load_model` takes."""
        return f"runs:/{self.run_id}/{MODEL_NAME}"


def log_adapted(artifact: Artifact, uri: str) -> LoggedAdapted:
    """Log an adapted model.

    Args:
        artifact: The folder.
        uri: MLflow server or database.

    Raises:
        EnvironmentProblem: If MLflow is missing, unreachable or refuses.
        IntegrityError: If what was stored is not what was sent.
    """
    connection = connect(uri)
    experiment = experiment_id(connection, EXPERIMENT, _NOTE)
    with reported(connection.uri):
        run_id = _finished(connection, experiment, artifact.digest) or _log(connection, experiment, artifact)
    if connection.server is None:
        return LoggedAdapted(run_id, run_id)
    address = f"{connection.uri}/#/experiments/{experiment}/runs/{run_id}?{MODEL_TRAINING}"
    return LoggedAdapted(run_id, address)


def _finished(connection: Connection, experiment: str, digest: str) -> str | None:
    """Return the run that logged this folder to its end; remove those that did not get there."""
    done = None
    for run in connection.runs.search_runs([experiment], f"tags.`{ADAPTED_TAG}` = '{digest}'"):
        if run.info.status == "FINISHED":
            done = str(run.info.run_id)
            continue
        for model in connection.runs.search_logged_models(
            [experiment], f"source_run_id = '{run.info.run_id}'"
        ):
            connection.runs.delete_logged_model(model.model_id)
        connection.runs.delete_run(run.info.run_id)
    return done


def _log(connection: Connection, experiment: str, artifact: Artifact) -> str:
    from mlflow.entities import LoggedModelOutput, Param

    adapted, runs = artifact.adapted, connection.runs
    tags = {
        OWNED: "true",
        ADAPTED_TAG: artifact.digest,
        "hub.kind": "adapted",
        "hub.base": adapted.lineage,
        "hub.lineage": digest_of_file(artifact.folder / LINEAGE),
    }
    card = (artifact.folder / "README.md").read_text(encoding="utf-8")[:_MOST_TEXT]
    run = runs.create_run(experiment, run_name=adapted.name[:200], tags={**tags, "mlflow.note.content": card})
    run_id = str(run.info.run_id)
    params = _params(adapted)
    runs.log_batch(run_id, params=[Param(key, value) for key, value in params.items()])
    runs.log_inputs(run_id, datasets=[_dataset(adapted)])
    model = runs.create_logged_model(experiment, MODEL_NAME, run_id, tags, params, "adapted")
    runs.log_batch(run_id, metrics=_metrics(adapted, model.model_id))
    _store(connection, model, artifact)
    runs.finalize_logged_model(model.model_id, "READY")
    runs.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    runs.set_terminated(run_id, "FINISHED")
    return run_id


def _store(connection: Connection, model: Any, artifact: Artifact) -> None:
    """Store the files of a logged model, read back and compared."""
    root = str(model.artifact_location).rstrip("/")

    def send(named: str, folder: str) -> None:
        connection.runs.log_model_artifact(model.model_id, named, folder or None)

    with tempfile.TemporaryDirectory(prefix="hub-adapted-") as name:
        built = build_adapted(artifact, Path(name))
        for path in sorted(path for path in built.rglob("*") if path.is_file()):
            target = path.relative_to(built).as_posix()
            store_at(connection, root, target, path, send)
            if stored_digest(connection, root, target) != digest_of_file(path):
                raise IntegrityError(
                    f"{target} of {artifact.adapted.name} was not stored as it was sent",
                    hint="the folder is whole; check the storage of the MLflow server, then adapt again",
                )


def _params(adapted: Adapted) -> Mapping[str, str]:
    values = {
        "name": adapted.name,
        "base": adapted.base.name,
        "strategy": adapted.strategy,
        "seed": str(adapted.seed),
        "task": adapted.task,
        "labels": str(len(adapted.labels)),
        **_labels(adapted),
        "dtype": adapted.dtype,
        "device": adapted.environment.device,
        **({"strategy chosen by": adapted.chosen_by} if adapted.chosen_by else {}),
        **{f"setting {key}": str(value) for key, value in sorted(adapted.settings.items())},
    }
    return {key: value[:500] for key, value in values.items()}


def _labels(adapted: Adapted) -> Mapping[str, str]:
    """Return how many labels it learnt from, under a word that fits; nothing where it reads none."""
    names = {"weights": "trained on", "examples": "given"}
    kind = learns(adapted.strategy)
    return {names[kind]: str(adapted.trained_on)} if kind in names else {}


def _metrics(adapted: Adapted, model_id: str) -> list[Any]:
    from mlflow.entities import Metric

    held_out, metric = adapted.score.estimate, adapted.score.metric
    values = {
        "accuracy": adapted.score.accuracy.value,
        metric: held_out.value,
        f"{metric}_low": held_out.low,
        f"{metric}_high": held_out.high,
        "held_out": held_out.n,
        "trained_on": adapted.score.trained_on,
    }
    now = round(dt.datetime.fromisoformat(adapted.created).timestamp() * 1000)
    return [
        Metric(
            key,
            round(float(value), 6),
            now,
            0,
            model_id=model_id,
            dataset_name=_dataset_name(adapted),
            dataset_digest=adapted.task_digest[:_DIGEST_LENGTH],
        )
        for key, value in values.items()
        if value is not None
    ]


def _dataset(adapted: Adapted) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=_dataset_name(adapted),
        digest=adapted.task_digest[:_DIGEST_LENGTH],
        source_type="hub",
        source=f'{{"task": "{adapted.task}"}}',
        profile=f'{{"num_rows": {adapted.score.estimate.n}}}',
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "validation")])


def _dataset_name(adapted: Adapted) -> str:
    return f"{adapted.task} held out"
