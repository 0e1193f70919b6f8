"""The signed record behind an entry of `hub.lock`: from the log, or from this machine where the log cannot be read.

In: the entry, the history (None if unreachable), the pulled folder and the store. Out: a record that a trusted key
signed and that says exactly what hub.lock says. hub.lock itself is never authority: it names digests, and a person or
a merge can have edited it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evaluators.canonical import short
from evaluators.errors import EnvironmentProblem, IntegrityError
from hub.deliver import Origin
from hub.project_lock import LockedModel
from hub.promotion_log import History, Record
from hub.provenance import parse_record, read_record


def pinned_record(locked: LockedModel, history: History | None, folder: Path, origin: Origin) -> Record:
    """Return the record that an entry of hub.lock cites.

    Args:
        locked: The entry.
        history: The verified log, or None where it cannot be reached.
        folder: Where the model was pulled to; it may still hold the record.
        origin: Store and trusted keys.

    Raises:
        IntegrityError: If no such record can be found, or it says something else than hub.lock.
        EnvironmentProblem: If it is not on this machine and the log cannot be reached.
    """
    for record in _held(locked, history, folder, origin):
        if record.digest == locked.record_digest:
            _agree(locked, record)
            return record
    if history is None:
        raise EnvironmentProblem(
            f"the record of {locked.name} is not on this machine, and {origin.reader.uri} cannot be reached",
            hint="connect to the registry and run again; hub.lock is unchanged",
        )
    detail = f" ({history.problems[-1]})" if history.problems else ""
    raise IntegrityError(
        f"hub.lock cites promotion record {short(locked.record_digest)} of {locked.name}, which the log of "
        f"{origin.reader.uri} does not hold{detail}",
        hint="bring hub.lock back from version control, or take what is approved now: hub pull "
        + locked.name,
    )


def _held(locked: LockedModel, history: History | None, folder: Path, origin: Origin) -> Iterator[Record]:
    """Yield records that a trusted key signed: those of the log, the store's copy, the folder's."""
    if history is not None:
        yield from history.records
    blob = origin.store.path_of(locked.record_digest)
    for record in (parse_record(blob.read_bytes()) if blob else None, read_record(folder)):
        if record is None or record.signature is None or record.action != "promote":
            continue
        if origin.keys.verifies(record.signed_bytes, record.signature):
            yield record


def _agree(locked: LockedModel, record: Record) -> None:
    pairs = (
        ("name", locked.name, record.model),
        ("version", locked.version, record.version),
        ("model_digest", locked.model_digest, record.model_digest),
        ("files", locked.files, record.files),
    )
    for field, says, signed in pairs:
        if says != signed:
            raise IntegrityError(
                f"hub.lock was altered: {field} of {locked.name} is not what the signed record {record.sequence} says",
                hint=f"bring hub.lock back from version control, or take what is approved now: hub pull {locked.name}",
            )
