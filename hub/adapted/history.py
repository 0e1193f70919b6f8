"""What the promotion log says of adapted models: do bases and bytes still stand, and which ones must a newcomer meet?

In: the verified history. Out: records. Pure. An adapted model carries its base's bytes, so it stands only while a
record that was not withdrawn approves them: what was withdrawn is not delivered inside something else.
"""

from __future__ import annotations

from evaluators.errors import Conflict, GateRefused
from evaluators.facts import TaskFacts
from evaluators.task import Task
from hub.promotion_log import ApprovedTask, History, Record
from hub.resolve import withdrawal


def standing_base(history: History, base: str, digest: str) -> Record | None:
    """Return the newest record that approves these bytes of a base and was not withdrawn since."""
    for record in reversed(_promotions_of(history, base, digest)):
        if withdrawal(record, history) is None:
            return record
    return None


def base_approval(history: History, base: str, digest: str, task: str) -> tuple[Record, ApprovedTask] | None:
    """Return what approves these bytes of a base for a task now, or None."""
    record = standing_base(history, base, digest)
    found = next((row for row in record.tasks if row.task == task), None) if record else None
    return (record, found) if record and found else None


def base_withdrawal(record: Record, history: History) -> Record | None:
    """Return the record that withdrew an adapted model's base, if no record approves those bytes now."""
    if record.adapted is None:
        return None
    base, digest = record.adapted.base, record.adapted.base_digest
    if standing_base(history, base, digest) is not None:
        return None
    found = [withdrawal(row, history) for row in _promotions_of(history, base, digest)]
    return next((row for row in reversed(found) if row is not None), None)


def refuse_without_base(record: Record, history: History) -> None:
    """Refuse an adapted model whose base was withdrawn.

    Raises:
        GateRefused: If it was.
    """
    withdrawn = base_withdrawal(record, history)
    if withdrawn is None or record.adapted is None:
        return
    raise GateRefused(
        f"{record.model} carries {record.adapted.base}, which was withdrawn on {withdrawn.created[:10]} "
        f"by {withdrawn.approver}: {withdrawn.reason}",
        hint="adapt a base that stands: hub list, then hub adapt",
    )


def incumbent_adapted(history: History, task: str) -> Record | None:
    """Return the newest approval of an adapted model for a task that was not withdrawn and whose base stands."""
    return next((record for record, _ in reversed(_standing(history, task))), None)


def best_adapted(history: History, task: Task | TaskFacts) -> tuple[Record, ApprovedTask] | None:
    """Return the standing approval for a task with the highest recorded score, on today's test in today's metric."""
    comparable = [
        (record, row)
        for record, row in _standing(history, task.id)
        if (row.task_digest, row.metric) == (task.digest, task.metric)
    ]
    return max(comparable, key=lambda found: found[1].value, default=None)


def refuse_withdrawn_bytes(digest: str, history: History) -> None:
    """Refuse an adapted model whose very bytes were withdrawn, under whatever name.

    Raises:
        GateRefused: If they were, and nobody approved them since.
    """
    about = [row for row in history.records if row.adapted is not None and row.model_digest == digest]
    if not about or about[-1].action != "withdraw":
        return
    withdrawn = about[-1]
    raise GateRefused(
        f"these very bytes were withdrawn as {withdrawn.model} version {withdrawn.version} on "
        f"{withdrawn.created[:10]} by {withdrawn.approver}: {withdrawn.reason}",
        hint=f"talk to {withdrawn.approver}, or adapt again without what was wrong: hub adapt",
    )


def refuse_other_task(name: str, task: str, history: History) -> None:
    """Refuse the name of an adapted model of another task: what is approved for that one would disappear.

    Raises:
        Conflict: If a record of that name, standing or not, is about another task.
    """
    for record in history.records:
        others = [row.task for row in record.tasks if row.task != task]
        if record.model == name and record.adapted is not None and others:
            raise Conflict(
                f"{name} is an adapted model for {others[0]} (record {record.sequence}), and this one is for {task}",
                hint="an adapted model of another task needs a name of its own: --name ID",
            )


def _standing(history: History, task: str) -> list[tuple[Record, ApprovedTask]]:
    """Return the approvals of adapted models for a task that were not withdrawn and whose base stands, oldest first."""
    return [
        (record, row)
        for record in history.records
        if record.adapted is not None and record.action == "promote"
        for row in record.tasks
        if row.task == task
        and withdrawal(record, history) is None
        and base_withdrawal(record, history) is None
    ]


def _promotions_of(history: History, base: str, digest: str) -> list[Record]:
    return [
        record
        for record in history.records
        if (record.model, record.model_digest, record.action) == (base, digest, "promote")
        and record.adapted is None
    ]
