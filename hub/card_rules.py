"""What must hold between a card, its lock and the rest of the catalog.

In: a card or a lock, and what stands around it. Out: remarks; none where all is well. Pure but for mirrors inside the
catalog, whose bytes are compared with the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evaluators.candidate import FileEntry
from evaluators.canonical import digest_of_file
from hub.card import Card, DirectoryMirror, HubMirror
from hub.catalog_rules import Around, Remark, spdx_remarks, unanswered, unknown_reference
from hub.lock import Lock


def card_remarks(card: Card, around: Around) -> Iterator[Remark]:
    """Yield what is wrong with a card among the others."""
    yield from unanswered(card)
    lock = around.locks.get(card.id)
    if lock is None and card.lifecycle.state != "proposed":
        yield Remark(
            f"lifecycle: it is {card.lifecycle.state} but has no lock", hint=f"hub catalog lock {card.id}"
        )
    if lock is not None:
        yield from _pin_remarks(card, lock)
    yield from _text_remarks(card)
    yield from _file_remarks(card)
    yield from spdx_remarks("licence.spdx", card.licence.spdx)
    for row in card.contamination:
        if row.task not in around.tasks:
            yield unknown_reference("contamination", "task", row.task, around.tasks)
    if card.probe is not None and card.probe not in around.tasks:
        yield unknown_reference("probe", "task", card.probe, around.tasks)
    yield from _lifecycle_remarks(card, around)
    for mirror in card.mirrors:
        if isinstance(mirror, DirectoryMirror):
            yield from _directory_remarks(mirror, lock, around.folder)


def lock_remarks(name: str, lock: Lock, around: Around) -> Iterator[Remark]:
    """Yield what is wrong with a lock among the others."""
    if name not in around.models:
        yield Remark(f"there is no card {name}.yaml", hint="remove the lock, or restore its card")
    for other, others in around.locks.items():
        if other < name and others.digest == lock.digest:
            yield Remark(f"its bytes are those of {other}: one model under two names", warning=True)


def _pin_remarks(card: Card, lock: Lock) -> Iterator[Remark]:
    again = f"hub catalog lock {card.id}"
    listed, locked = set(card.files), {entry.path for entry in lock.files}
    if listed != locked:
        differing = ", ".join(sorted(listed ^ locked))
        yield Remark(f"files: the card and its lock differ in {differing}", hint=again)
    for mirror in card.mirrors:
        if not isinstance(mirror, HubMirror):
            continue
        if lock.revision is None:
            yield Remark(
                f"mirrors: {mirror.repository} was not compared when the card was locked", warning=True
            )
        elif mirror.revision not in (None, lock.revision):
            text = f"mirrors: {mirror.repository} is pinned to {mirror.revision}, but the lock is of {lock.revision}"
            yield Remark(text, hint=again)
    found = lock.structure.parameters
    if card.parameters is not None and abs(found - card.parameters) > 0.05 * found:
        text = f"parameters: {card.parameters:,} are stated, {found:,} are in the locked files"
        yield Remark(text, hint="correct the card", warning=True)


def _text_remarks(card: Card) -> Iterator[Remark]:
    for field in ("title", "summary", "owner", "intended_use"):
        if not str(getattr(card, field)).strip():
            yield Remark(f"{field}: is empty")
    if not card.limits:
        yield Remark("limits: name at least one; every model has some")


def _file_remarks(card: Card) -> Iterator[Remark]:
    if len(set(card.files)) != len(card.files):
        yield Remark("files: one stands twice")
    if not any(path.endswith(".safetensors") for path in card.files):
        yield Remark(
            "files: no weights are listed as .safetensors",
            hint="other formats run code or hide it; convert them",
        )
    if "config.json" not in card.files:
        yield Remark("files: config.json is missing")


def _lifecycle_remarks(card: Card, around: Around) -> Iterator[Remark]:
    cycle = card.lifecycle
    if cycle.replacement == card.id:
        yield Remark("lifecycle.replacement: a model cannot replace itself")
    elif cycle.replacement is not None and cycle.replacement not in around.models:
        yield unknown_reference("lifecycle.replacement", "model", cycle.replacement, around.models)
    if cycle.state in ("deprecated", "retired") and cycle.retires is None:
        yield Remark(
            f"lifecycle.retires: a card that is {cycle.state} needs the date", hint="retires: YYYY-MM-DD"
        )
    if cycle.retires and cycle.since and cycle.retires < cycle.since:
        yield Remark(f"lifecycle.retires: {cycle.retires} is before {cycle.since}")
    if cycle.state == "deprecated" and cycle.retires and cycle.retires <= around.today:
        yield Remark(f"lifecycle: its last day was {cycle.retires}; set state: retired", warning=True)
    if cycle.state == "active" and card.review_by is None:
        yield Remark(
            "review_by: an active card needs a date of its next review", hint="review_by: YYYY-MM-DD"
        )
    if card.review_by is not None and card.review_by < around.today:
        yield Remark(
            f"review_by: the review was due on {card.review_by}", hint=f"ask {card.owner}", warning=True
        )


def _directory_remarks(mirror: DirectoryMirror, lock: Lock | None, catalog: Path) -> Iterator[Remark]:
    """Compare a mirror inside the catalog with the lock; one elsewhere is looked at when it is used."""
    folder = catalog / mirror.path
    if Path(mirror.path).is_absolute():
        if not folder.is_dir():
            yield Remark(f"mirrors: {folder} is not on this machine; it was not compared", warning=True)
        return
    if not folder.is_dir():
        yield Remark(f"mirrors: the catalog has no folder {mirror.path}")
    elif lock is not None:
        for entry in lock.files:
            if reason := _other_bytes(folder / entry.path, entry):
                text = f"mirrors: {mirror.path}/{entry.path} {reason}"
                yield Remark(text, hint="restore the file; bytes that changed on purpose are a new model")


def _other_bytes(path: Path, entry: FileEntry) -> str | None:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != entry.size or digest_of_file(path) != entry.sha256:
        return "has other bytes than the lock says"
    return None
