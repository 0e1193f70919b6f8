"""Measures an adapted model for its promotion: reloaded from its folder, on the locked test, beside what it must meet.

In: grounds, the task's data, the adapted model that is approved now (or None). Out: signed evidence, kept under
HUB_HOME. Invariants: everything that will predict is loaded before the test is opened; the read is in the test-access
log before a label is in memory, as one cell that the artifact's digest names; no answer to a single item is kept.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from evaluators.artifact_evidence import ArtifactEvidence, ArtifactObservations
from evaluators.canonical import canonical_json, digest_of
from evaluators.data.samples import IntArray, Samples
from evaluators.data.task_data import TaskData
from evaluators.errors import IntegrityError
from evaluators.findings.artifact_comparison import Answers, artifact_findings
from evaluators.findings.collect import facts_of_task
from evaluators.observations import TestRead
from evaluators.observe import environment
from evaluators.task import Task
from evaluators.test_access import TestAccessLog
from hub.adapted.files import Artifact, read_artifact
from hub.adapted.grounds import Grounds
from hub.adapted.model import AdaptedModel, load_adapted
from hub.deliver import Origin, collect_bytes
from hub.home import Home
from hub.promotion_log import Record, utc
from hub.signing import Signer
from hub.staging import place_file, staged_file

Tell = Callable[[str], None]
Role = Literal["candidate", "incumbent"]


@dataclass(frozen=True, eq=False)
class Setting:
    """Where and by whom it is measured.

    Attributes:
        origin: Registry, log, keys and store; the approved adapted model comes from there.
        test_access: The test-access log: that of the results which a team shares.
        device: `cpu`, `cuda` or `any`.
        who: Who reads the test.
        now: When.
        tell: Called with what is being done.
    """

    origin: Origin
    test_access: TestAccessLog
    device: str
    who: str
    now: dt.datetime
    tell: Tell


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the artifacts are asked: the inputs of the locked test, without its labels."""

    task: Task
    data: TaskData
    test: Samples


def measure(grounds: Grounds, data: TaskData, approved: Record | None, setting: Setting) -> ArtifactEvidence:
    """Measure an adapted model beside the approved one and the floors.

    Args:
        grounds: The model.
        data: Its task's data.
        approved: The record of the adapted model that is approved for the task now.
        setting: Where and by whom.

    Returns:
        Evidence without a signature.

    Raises:
        IntegrityError: If an artifact is not what its record or lineage says.
        EnvironmentProblem: If the approved one cannot be brought, or the test-access log cannot be written.
    """
    from evaluators.engine.floors import floors
    from evaluators.running.device import choose_device

    started = time.perf_counter()
    adapted = grounds.adapted
    if adapted.labels != data.labels or not 0 < adapted.trained_on <= len(data.development):
        raise IntegrityError(
            f"the lineage of {adapted.name} does not fit {grounds.task.id}: other labels, or more than there are",
            hint="adapt again: the lineage was altered",
        )
    asked = _Asked(grounds.task, data, data.samples("test"))
    setting.tell(f"loading {grounds.name}")
    mine = load_adapted(grounds.artifact.folder, device=setting.device)
    candidate = _answers("candidate", grounds.name, grounds.artifact, mine, asked)
    references = []
    if approved is not None and approved.model_digest != grounds.artifact.digest:
        setting.tell(f"loading {approved.model}, which is approved for {grounds.task.id} now")
        references.append(_incumbent(approved, asked, setting))
    setting.tell("training the floors: the same labels without a base")
    for floor in floors(data):
        references.append(
            Answers(
                "baseline", floor.row.id, floor.digest, floor.row.id, None, 0, len(data.development), True,
                floor.predicted,
            )
        )  # fmt: skip
    setting.tell(f"opening the locked test of {grounds.task.id}")
    labels, read = _open(grounds, data, setting)
    findings = artifact_findings(
        facts_of_task(grounds.task, data, incumbent=approved.model_digest if approved else None),
        labels,
        candidate,
        references,
        groups=data.groups("test"),
    )
    observed = ArtifactObservations(
        created=utc(setting.now),
        environment=environment(choose_device(setting.device)),
        seconds=round(time.perf_counter() - started, 3),
        test_read=read,
    )
    return ArtifactEvidence(findings=findings, observations=observed)


def sign_and_keep(evidence: ArtifactEvidence, signer: Signer, home: Home) -> tuple[ArtifactEvidence, Path]:
    """Sign evidence and write it durably under HUB_HOME; older documents stay.

    Raises:
        EnvironmentProblem: If HUB_HOME cannot be written.
    """
    signed = evidence.model_copy(update={"signature": signer.sign(canonical_json(evidence.unsigned))})
    findings = signed.findings
    name = f"{findings.digest[:12]}-{signed.observations.digest[:12]}.json"
    path = home.evidence / f"{findings.candidate.name}--{findings.task.id}"[:120] / name
    try:
        with staged_file(path.parent) as stream:
            stream.write((signed.model_dump_json(indent=1) + "\n").encode("utf-8"))
            place_file(stream, path, mode=0o644)
    except OSError as error:
        raise home.unwritable(error) from error
    return signed, path


def _open(grounds: Grounds, data: TaskData, setting: Setting) -> tuple[IntArray, TestRead]:
    """Record the read, then return the labels of the locked test."""
    cell = digest_of({"artifact": grounds.artifact.digest})
    access = setting.test_access.record(
        grounds.task,
        [cell],
        plan_digest=cell,
        now=utc(setting.now),
        who=setting.who,
        candidates={cell: grounds.artifact.digest},
    )
    return data.open("test", access).labels, access.read


def _incumbent(record: Record, asked: _Asked, setting: Setting) -> Answers:
    """Bring the approved adapted model from the registry, verified, and ask it."""
    collect_bytes(record, setting.origin)
    with tempfile.TemporaryDirectory(prefix="hub-incumbent-") as name:
        folder = Path(name) / "model"
        setting.origin.store.materialise(record.files, folder)
        model = load_adapted(folder, device=setting.device)
        return _answers("incumbent", record.model, read_artifact(folder), model, asked)


def _answers(role: Role, name: str, artifact: Artifact, model: AdaptedModel, asked: _Asked) -> Answers:
    adapted, data = artifact.adapted, asked.data
    index = {label: number for number, label in enumerate(data.labels)}
    # A label that the task has no more is never right.
    meaning = np.array([index.get(label, -1) for label in adapted.labels], dtype=np.int64)
    predicted = meaning[model.predict_proba(asked.test.items).argmax(axis=1)]
    return Answers(
        role=role,
        name=name,
        digest=artifact.digest,
        strategy=adapted.strategy,
        base=adapted.lineage,
        size=artifact.size,
        trained_on=adapted.trained_on,
        same_splits=adapted.task_digest == asked.task.digest,
        predicted=predicted,
    )
