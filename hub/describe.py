"""What MLflow shows of a model: description, tags in the order of the UI, and a version's first 32 characters.

In: card, lock and the promotion record that stands (or None). Out: Markdown that MLflow's renderer and
sanitizer keep (tables, lists, code; no HTML, nothing that its renderer would link to a person) and that fits
the 5,000 characters of its database. Display, never authority: a reader who wants to know asks `hub history`.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.canonical import short
from evaluators.report.markdown import plain
from evaluators.wording import count, millions, title
from hub.card import Card, HubMirror
from hub.lock import Lock
from hub.promotion_log import ApprovedTask, Record

MAX_DESCRIPTION = 5000
MAX_FIRST_LINE = 32
_SPACE = "\u00a0\u00a0"
#: A paragraph of its own after a table, which MLflow draws without a margin.
_GAP = "\u00a0"
_MAX_TASKS = 10
_MAX_PROSE = 400
_MAX_TAG = 250


def describe_model(card: Card, lock: Lock, record: Record | None) -> str:
    """Return a registered model's description, at most 5,000 characters.

    Args:
        card: The card.
        lock: Its pins.
        record: The newest record about the model, or None if there never was one.
    """
    approved = _approved(record)
    needed = [_cut(plain(card.summary)), _standing(card, record)]
    if approved:
        needed += [_task_table(approved), _GAP, *_waivers(approved)]
    needed += [_usage(card, record), _facts(card, lock), _GAP]
    text = "\n\n".join(needed)
    # What is left is in order of weight; the first part that does not fit ends the page.
    for part in (_contamination(card), _limits(card), _origin(card)):
        if part and len(text) + len(part) + 2 <= MAX_DESCRIPTION:
            text += f"\n\n{part}"
    return text


def model_tags(card: Card, record: Record | None) -> dict[str, str]:
    """Return a model's tags in the order they must be created: the UI shows the first three.

    Args:
        card: The card.
        record: The newest record about the model, or None if there never was one.

    Returns:
        `status`, `task`, `score`, then `licence`, `parameters` (if the card has them), `modality`, and
        `digest`.
    """
    approved = _approved(record)
    names = ", ".join(row.task for row in approved) or "none"
    scores = (
        approved[0].score if len(approved) == 1 else "; ".join(f"{row.task} {row.score}" for row in approved)
    )
    tags = {
        "status": _status(card, record),
        "task": _cut(names, _MAX_TAG),
        "score": _cut(scores or "none", _MAX_TAG),
    }
    tags["licence"] = card.licence.spdx
    if card.parameters is not None:
        tags["parameters"] = millions(card.parameters)
    tags["modality"] = card.modality
    if record is not None:
        tags["digest"] = record.model_digest
    return tags


def version_description(record: Record) -> str:
    """Return a version's description; lists show its first 32 characters, so they carry the verdict."""
    lines = [_first_line(record), ""]
    lines += [f"- {_task_line(row)}" for row in record.tasks]
    lines.append("")
    action = "withdrawn" if record.action == "withdraw" else "promoted"
    by = f"{action} by {plain(record.approver)}, {record.created}, record {record.sequence}"
    lines.append(f"{by}: {_cut(plain(record.reason))}")
    lines.append("")
    lines.append(
        f"Findings `{short(record.findings_digest)}`, policy {plain(record.policy)} "
        f"`{short(record.policy_digest)}`, model `{short(record.model_digest)}`."
    )
    return "\n".join(lines)[:MAX_DESCRIPTION]


def _approved(record: Record | None) -> tuple[ApprovedTask, ...]:
    return record.tasks if record is not None and record.action == "promote" else ()


def _status(card: Card, record: Record | None) -> str:
    if card.lifecycle.state in {"deprecated", "retired"}:
        return card.lifecycle.state
    if record is None:
        return "not approved"
    return "approved" if record.action == "promote" else "withdrawn"


def _standing(card: Card, record: Record | None) -> str:
    status = _status(card, record)
    if record is None:
        return f"**{status.capitalize()}.** No evaluation of it has been promoted yet."
    what = f"version {record.version}, {record.created[:10]}, by {plain(record.approver)}"
    text = f"**{status.capitalize()}**: {what}: {_cut(plain(record.reason))}"
    if card.lifecycle.replacement:
        text += f" Use {plain(card.lifecycle.replacement)} instead."
    return text


def _task_table(approved: Sequence[ApprovedTask]) -> str:
    lines = [_row("approved for", "with", "score", "data"), "|---|---|---|---|"]
    for row in approved[:_MAX_TASKS]:
        cells = (plain(row.task), plain(title(row.strategy)), plain(row.score), f"`{short(row.task_digest)}`")
        lines.append(_row(*cells))
    text = "\n".join(lines)
    if len(approved) > _MAX_TASKS:
        text += f"\n\nand {count(len(approved) - _MAX_TASKS, 'more task')}, see `hub show`."
    return text


def _waivers(approved: Sequence[ApprovedTask]) -> list[str]:
    """Say which rules the approvals could do without."""
    rows = {waiver.words: None for row in approved for waiver in row.waivers}
    return ["**Rests on a waiver**: " + "; ".join(_cut(plain(words)) for words in rows) + "."] if rows else []


def _row(*cells: str) -> str:
    """Return a table row; MLflow draws cells without any space between them, so each brings its own."""
    return "| " + " | ".join(f"{cell}{_SPACE}" for cell in cells) + " |"


def _usage(card: Card, record: Record | None) -> str:
    """Say how to use it. Addresses stand in a code block: the renderer makes a link of an at sign elsewhere."""
    lines = ["pip install basehub", f"hub pull {card.id}", ""]
    lines += ["# in Python", "import hub", f'model = hub.load("{card.id}").model']
    if record is not None and card.library == "transformers":
        lines += ["", "# without us", "import mlflow"]
        lines.append(f'mlflow.transformers.load_model("models:/{card.id}@{record.alias}")')
    return "**Use it**\n\n```\n" + "\n".join(lines) + "\n```"


def _facts(card: Card, lock: Lock) -> str:
    licence = f"{plain(card.licence.spdx)}, use: {card.licence.use}"
    rows = {
        "parameters": millions(lock.structure.parameters),
        "library": f"{card.library}, {plain(lock.structure.architecture)}",
        "input": _input(card),
        "licence": licence,
        "languages": plain(", ".join(card.languages)) or None,
        "size": f"{lock.size / 2**20:,.1f} MiB in {count(len(lock.files), 'file')}",
        "digest": f"`{short(lock.digest)}`",
        "owner": plain(card.owner),
        "review by": card.review_by.isoformat() if card.review_by else None,
    }
    lines = [_row("fact", "value"), "|---|---|"]
    lines += [_row(name, _cut(value)) for name, value in rows.items() if value]
    return "\n".join(lines)


def _input(card: Card) -> str:
    if card.input.modality == "text":
        return f"text, at most {count(card.input.max_tokens, 'token')}, {card.input.pooling} pooling"
    return f"image, {card.input.size}x{card.input.size}, {count(card.input.channels, 'channel')}"


def _contamination(card: Card) -> str:
    rows = [f"- {plain(row.task)}: {_cut(plain(row.reason))}" for row in card.contamination]
    return "\n".join(["**Known contamination**", "", *rows]) if rows else ""


def _limits(card: Card) -> str:
    rows = [f"- {_cut(plain(limit))}" for limit in card.limits]
    return "\n".join([f"**Intended use**: {_cut(plain(card.intended_use))}", "", "**Limits**", "", *rows])


def _origin(card: Card) -> str:
    text = f"**Pre-training**: {_cut(plain(card.pretraining.text))} ({_cut(plain(card.pretraining.source))})"
    for mirror in card.mirrors:
        if isinstance(mirror, HubMirror):
            text += f" Upstream: {plain(mirror.repository)} at `{(mirror.revision or 'unpinned')[:12]}`."
    return text


def _first_line(record: Record) -> str:
    if record.action == "withdraw":
        return f"withdrawn {record.created[:10]}"
    line = f"approved: {', '.join(row.task for row in record.tasks)}"
    return line if len(line) <= MAX_FIRST_LINE else f"approved for {count(len(record.tasks), 'task')}"


def _task_line(row: ApprovedTask) -> str:
    line = f"{plain(row.task)}: {plain(title(row.strategy))}, {plain(row.score)}, data `{short(row.task_digest)}`"
    return "; ".join([line, *(f"rests on a waiver of {_cut(plain(waiver.words))}" for waiver in row.waivers)])


def _cut(text: str, limit: int = _MAX_PROSE) -> str:
    if len(text) <= limit:
        return text
    # Not in the middle of a word, an escape or a code span.
    head = text[: limit - 4].rsplit(" ", 1)[0]
    return f"{head[: limit - 4]} ..." if head.count("`") % 2 == 0 else f"{head}` ..."
