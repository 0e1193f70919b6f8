"""What the promotion log says of adapted models: whether their base still stands, and which one a newcomer must meet.

In: the verified history. Out: records. Pure. An adapted model carries its base's bytes, so it stands only while a
record that was not withdrawn approves them: what was withdrawn is not delivered inside something else.
"""

from __future__ import annotations

from evaluators.errors import GateRefused
from hub.promotion_log import ApprovedTask, History, Record, latest
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
    """Return the newest adapted model that is approved for a task and whose base stands."""
    standing = [
        record
        for record in history.records
        if record.adapted is not None
        and latest(history, record.model) is record
        and base_withdrawal(record, history) is None
        and any(row.task == task for row in record.tasks)
    ]
    return standing[-1] if standing else None


def _promotions_of(history: History, base: str, digest: str) -> list[Record]:
    return [
        record
        for record in history.records
        if (record.model, record.model_digest, record.action) == (base, digest, "promote")
        and record.adapted is None
    ]
