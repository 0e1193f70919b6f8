"""Adapts a base to somebody's labels: measures the training on held-out ones, trains on all, writes the folder.

In: a verified base, a task's data, a strategy. Out: the lineage, and a folder that appears whole or not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluators.canonical import digest_of_file
from evaluators.data.samples import LabelledSet
from evaluators.data.task_data import TaskData
from evaluators.engine.job import DivergedError, Fitted, Progress
from evaluators.errors import Conflict, EnvironmentProblem, UsageProblem
from evaluators.findings.artifact_comparison import metric_of, score_on_items
from evaluators.observe import environment
from evaluators.task import Task
from hub.adapted.card import adapted_card
from hub.adapted.lineage import BASE, FITTED, LINEAGE, Adapted, Score
from hub.adapted.recipe import recipe_files
from hub.blobs import BlobStore
from hub.exchange import exchange_folder
from hub.promotion_log import utc
from hub.provenance import RECORD
from hub.staging import place_file, place_folder, staged_file, staged_folder

if TYPE_CHECKING:
    from evaluators.engine.adaptation import Adaptation

Doing = Callable[[str], Progress]
"""Called with what is trained now; returns what its progress is told to."""


@dataclass(frozen=True, eq=False)
class AdaptRequest:
    """What is adapted to what.

    Attributes:
        adaptation: The base with its strategy.
        base_record: Digest of the promotion record that approves the base; None if nothing does.
        task: What the labels are about.
        data: Its loaded data.
        everything: All labels that the delivered model may be trained on.
        seed: Of initialisation and order.
        into: The folder to write.
        chosen_by_auto: Whether the strategy was chosen on the samples that give the score.
    """

    adaptation: Adaptation
    base_record: str | None
    task: Task
    data: TaskData
    everything: LabelledSet
    seed: int
    into: Path
    chosen_by_auto: bool = False


def adapt(request: AdaptRequest, store: BlobStore, doing: Doing, *, now: dt.datetime) -> Adapted:
    """Measure, train on everything, and write the folder.

    Raises:
        Conflict: If something else stands where the folder shall be.
        EnvironmentProblem: If it cannot be written.
        UsageProblem: If the loss became NaN or infinite.
    """
    refuse_foreign(request.into)
    adaptation, data = request.adaptation, request.data
    try:
        score = _score(request, doing(f"measuring: {len(data.train)} labels"))
        whole = adaptation.fit(
            request.everything,
            seed=request.seed,
            progress=doing(f"training: {len(request.everything)} labels"),
        )
    except DivergedError as error:
        raise UsageProblem(
            f"{adaptation.row.id} diverged on these labels: {error}; nothing was written",
            hint="try another --seed, or a lighter --strategy such as linear-probe",
        ) from error
    adapted = Adapted(
        name=request.into.name,
        base=adaptation.candidate,
        base_record=request.base_record,
        strategy=adaptation.row.id,
        strategy_version=adaptation.row.version,
        settings=dict(adaptation.settings),
        seed=request.seed,
        dtype=adaptation.dtype,
        task=request.task.id,
        task_digest=request.task.digest,
        labels=data.labels,
        trained_on=len(request.everything),
        score=score,
        environment=environment(adaptation.device),
        created=utc(now),
        chosen_by="auto" if request.chosen_by_auto else None,
    )
    return _write(adapted, whole, request, store)


def refuse_foreign(into: Path) -> None:
    """Refuse to replace anything but an earlier adapted model.

    Raises:
        Conflict: If a person would lose something.
    """
    empty = not into.exists() or (into.is_dir() and not any(into.iterdir()))
    if not empty and (not (into / LINEAGE).is_file() or (into / RECORD).exists()):
        raise Conflict(
            f"{into} exists and is no adapted model; it was left as it is",
            hint="move it away, or name another folder: --into DIR",
        )


def _score(request: AdaptRequest, progress: Progress) -> Score:
    """Score the same training, on the labels of `train`, in the task's metric on the set that it does not see."""
    data = request.data
    fitted = request.adaptation.fit(data.train, seed=request.seed, progress=progress)
    labels = data.validation.labels
    guessed = request.adaptation.predict(fitted, data.validation.samples).argmax(axis=1)
    metric, groups = metric_of(request.task.metric), data.validation.groups
    return Score(
        metric=metric,
        estimate=score_on_items(labels, guessed, metric, groups),
        trained_on=len(data.train),
        share_right=None if metric == "accuracy" else score_on_items(labels, guessed, "accuracy", groups),
    )


def _write(adapted: Adapted, fitted: Fitted, request: AdaptRequest, store: BlobStore) -> Adapted:
    into, extra = request.into, recipe_files(adapted, request.task, request.data)
    try:
        with staged_folder(into.absolute().parent) as staged:
            tree = staged / "tree"
            tree.mkdir()
            store.materialise(adapted.base.files, tree / BASE)
            fitted.save(tree)
            for name in FITTED:
                (tree / name).chmod(0o644)  # as its neighbours: a container of another user reads it too
            complete = adapted.model_copy(
                update={"files": {name: digest_of_file(tree / name) for name in FITTED}}
            )
            for path, text in extra.items():
                _put(tree / path, text)
            _put(tree / "README.md", adapted_card(complete, recipe=bool(extra)))
            _put(tree / LINEAGE, complete.model_dump_json(indent=1) + "\n")
            if into.exists():
                exchange_folder(tree, into.absolute())
            else:
                place_folder(tree, into.absolute())
    except OSError as error:
        raise EnvironmentProblem(
            f"{into} cannot be written ({error.strerror})",
            hint="what stood there is whole; free the place and run again",
        ) from error
    return complete


def _put(path: Path, text: str) -> None:
    with staged_file(path.parent) as stream:
        stream.write(text.encode("utf-8"))
        place_file(stream, path, mode=0o644)
