"""Adapted models for `hub list` and `hub show`: from the promotion log alone, because they have no card. Pure."""

from __future__ import annotations

from typing import Any

from hub.adapted.history import base_withdrawal
from hub.catalog import Catalog
from hub.promotion_log import History, Record, latest
from hub.selection import Selection


def adapted_rows(
    history: History, catalog: Catalog, selection: Selection, task: str | None
) -> list[dict[str, Any]]:
    """Return the adapted models whose base is what is asked for, by name.

    Args:
        history: The verified log.
        catalog: The cards of the bases.
        selection: What is asked of the base.
        task: Only those of this task; None: of any.
    """
    rows = []
    for record in _standing(history):
        assert record.adapted is not None
        card = catalog.cards.get(record.adapted.base)
        asked = card is None or selection.fits(card, catalog.locks.get(card.id))
        if asked and (task is None or record.tasks[0].task == task):
            rows.append(_row(record, history))
    return rows


def adapted_named(history: History, name: str) -> Record | None:
    """Return the newest standing promotion of an adapted model, or None."""
    record = latest(history, name)
    return record if record is not None and record.adapted is not None else None


def adapted_facts(record: Record, history: History) -> list[tuple[str, str]]:
    """Return what there is to say of an adapted model, by a name for each fact."""
    adapted, task = record.adapted, record.tasks[0]
    assert adapted is not None
    return [
        ("adapted model", f"{record.model}, version {record.version}: it answers with labels"),
        ("status", _status(record, history)),
        ("approved for", f"{task.task}: {task.score}"),
        ("adapted with", adapted.strategy),
        ("base", adapted.lineage),
        ("size", f"{sum(entry.size for entry in record.files) / 2**20:,.1f} MiB"),
        ("approved by", f"{record.approver}, {record.created[:10]}: {record.reason}"),
        ("digest", record.model_digest),
        ("next", f'hub pull {record.model}, then hub.load("{record.model}").predict([...])'),
    ]


def _standing(history: History) -> list[Record]:
    names = sorted({record.model for record in history.records if record.adapted is not None})
    found = [adapted_named(history, name) for name in names]
    return [record for record in found if record is not None]


def _row(record: Record, history: History) -> dict[str, Any]:
    assert record.adapted is not None
    task = record.tasks[0]
    return {
        "model": record.model,
        "kind": "adapted",
        "status": _status(record, history),
        "approved_for": [row.model_dump(mode="json") for row in record.tasks],
        "best": f"{task.task} ({task.strategy} {100 * task.value:.1f})",
        "base": record.adapted.base,
        "base_digest": record.adapted.base_digest,
    }


def _status(record: Record, history: History) -> str:
    return "approved" if base_withdrawal(record, history) is None else "base withdrawn"
