"""May this adapted model be put to the test at all? Asked before its locked test is opened, because each look counts.

In: a folder, the catalog, the verified history. Out: `Grounds`: the artifact, its task, its base with its approval.
Every refusal says what is missing and what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import short
from evaluators.errors import Conflict, GateRefused, UsageProblem
from evaluators.names import is_safe_name
from evaluators.task import Task
from hub.adapted.files import Artifact, read_artifact
from hub.adapted.history import (
    base_approval,
    refuse_other_task,
    refuse_withdrawn_bytes,
    standing_base,
)
from hub.adapted.lineage import Adapted
from hub.card import Card
from hub.catalog import Catalog
from hub.promotion_log import ApprovedTask, History, Record
from hub.registry.registry import RESERVED
from hub.resolve import withdrawal


@dataclass(frozen=True, eq=False)
class Grounds:
    """An adapted model that may be measured for a promotion.

    Attributes:
        name: What it shall be called in the registry.
        artifact: Its bytes, verified.
        task: The task of the catalog that it was adapted to.
        card: Its base's card.
        base_record: The record that approves its base.
        base_approval: The approval for this task in it.
    """

    name: str
    artifact: Artifact
    task: Task
    card: Card
    base_record: Record
    base_approval: ApprovedTask

    @property
    def adapted(self) -> Adapted:
        """Its lineage."""
        return self.artifact.adapted


def grounds_of(folder: Path, name: str | None, catalog: Catalog, history: History) -> Grounds:
    """Read an adapted model's folder, and find its task and what approves its base.

    Args:
        folder: The folder.
        name: What it shall be called; None: as the folder.
        catalog: The task and the base's card.
        history: The verified log.

    Raises:
        UsageProblem: If the folder is no adapted model, or the name cannot be used.
        IntegrityError: If a file is not what the lineage says.
        GateRefused: If the bytes were withdrawn, the task is not of the catalog, or the base is not approved for it.
        Conflict: If the name is that of a base, or of an adapted model of another task, in the log.
    """
    artifact = read_artifact(folder)
    chosen = name or folder.absolute().name
    _check_name(chosen, catalog, history)
    adapted = artifact.adapted
    refuse_other_task(chosen, adapted.task, history)
    refuse_withdrawn_bytes(artifact.digest, history)
    task = _task_of(adapted, catalog)
    approval = base_approval(history, adapted.base.name, adapted.base.digest, task.id)
    if approval is None:
        raise _base_refused(adapted, task, history)
    record, approved = approval
    return Grounds(chosen, artifact, task, catalog.card(adapted.base.name), record, approved)


def _check_name(name: str, catalog: Catalog, history: History) -> None:
    if not is_safe_name(name) or name in RESERVED:
        meant = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:60] or "my-model"
        raise UsageProblem(
            f"{name!r} cannot be the name of a model: lower-case letters, digits and . _ - (at most 63)",
            hint=f"give it one: --name {meant}",
        )
    if name in catalog.cards:
        raise UsageProblem(
            f"{name} is a base model of the catalog",
            hint="an adapted model needs a name of its own: --name ID",
        )
    if any(record.model == name and record.adapted is None for record in history.records):
        raise Conflict(
            f"{name} is a base model in the promotion log",
            hint="an adapted model needs a name of its own: --name ID",
        )


def _task_of(adapted: Adapted, catalog: Catalog) -> Task:
    task = catalog.tasks.get(adapted.task)
    if task is None:
        raise GateRefused(
            f"{adapted.name} was adapted to {adapted.task}, which is no task of this catalog: data that nobody "
            "reviewed can promote nothing",
            hint="make them a task: hub task new ID --data FILE ...; then hub adapt MODEL --task ID --into DIR",
        )
    if task.digest != adapted.task_digest:
        again = f"hub adapt {adapted.base.name} --task {task.id} --strategy {adapted.strategy} --into DIR"
        raise GateRefused(
            f"{adapted.name} was adapted to other data or splits of {task.id} ({short(adapted.task_digest)}) than the "
            f"catalog has now ({short(task.digest)}): it may have seen what is the locked test today",
            hint=f"adapt again: {again}",
        )
    return task


def _base_refused(adapted: Adapted, task: Task, history: History) -> GateRefused:
    base, digest = adapted.base.name, adapted.base.digest
    standing = standing_base(history, base, digest)
    rule = f"an adapted model needs a base that is approved for its task, {task.id}"
    measured = f"--strategy {adapted.strategy}"  # enough to approve it; without it, all of the protocol
    next_step = f"hub evaluate {base} --task {task.id} {measured} --final, then hub promote {base}"
    if standing is not None:
        tasks = ", ".join(row.task for row in standing.tasks) or "no task"
        return GateRefused(f"{rule}; {base}@{short(digest)} is approved for {tasks}", hint=next_step)
    made = [row for row in history.records if (row.model, row.model_digest) == (base, digest)]
    withdrawn = next((found for row in reversed(made) if (found := withdrawal(row, history))), None)
    if withdrawn is not None:
        return GateRefused(
            f"{rule}; {base}@{short(digest)} was withdrawn on {withdrawn.created[:10]} by {withdrawn.approver}: "
            f"{withdrawn.reason}",
            hint="adapt a base that stands: hub list, then hub adapt",
        )
    others = {row.model_digest for row in history.records if row.model == base and row.action == "promote"}
    if others:
        known = ", ".join(sorted(map(short, others)))
        return GateRefused(
            f"{rule}; of {base}, only other bytes are approved ({known}), and it carries {short(digest)}",
            hint=f"adapt what is approved now: hub adapt {base} --task {task.id} --into DIR",
        )
    return GateRefused(f"{rule}; {base} is approved for nothing", hint=next_step)
