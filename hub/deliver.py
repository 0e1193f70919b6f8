"""Brings the bytes of a promotion record from the registry into this machine's store.

In: a record that the caller has found valid. Out: how many bytes were downloaded and how many this machine had.
Invariants: every byte is hashed before it can be seen under its name, whoever sent it; what is in the store is hashed
again and not downloaded again, so a killed delivery goes on where it stood, and rotten bytes are fetched anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluators.candidate import FileEntry
from evaluators.errors import IntegrityError
from hub.blobs import BlobStore
from hub.card import Lifecycle
from hub.progress import Progress, no_progress, told
from hub.promotion_log import ReadableLog, Record
from hub.provenance import check_file_set, record_bytes
from hub.registry.registry import RegistryReader
from hub.signing import KeyRing


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a pull looks, and whom it believes.

    Attributes:
        reader: Streams artifacts and shows aliases.
        log: The promotion log: the authority.
        keys: The public keys that this machine trusts.
        store: This machine's verified bytes.
        lifecycles: Where the cards stand, by model, if a catalog is at hand.
        policy_alias: The alias that stands for "approved".
    """

    reader: RegistryReader
    log: ReadableLog
    keys: KeyRing
    store: BlobStore
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    policy_alias: str = "approved"


@dataclass(frozen=True)
class Collected:
    """Where the bytes came from."""

    downloaded: int
    reused: int


def collect_bytes(record: Record, origin: Origin, progress: Progress = no_progress) -> Collected:
    """Bring every file of a record, and the record itself, into the store.

    Raises:
        IntegrityError: If the registry's artifacts are not what the record says, or are missing.
        EnvironmentProblem: If the registry cannot be reached or the store cannot be written.
    """
    check_file_set(record)
    total = sum(entry.size for entry in record.files)
    downloaded = reused = 0
    for entry in record.files:
        done = downloaded + reused
        if origin.store.path_of(entry.sha256) is None:
            _download(record, entry, origin, _Told(progress, done, total))
            downloaded += entry.size
        else:
            reused += entry.size
            progress(entry.path, done + entry.size, total)
    _keep(record, origin.store)
    return Collected(downloaded, reused)


@dataclass(frozen=True)
class _Told:
    """Who is told how far it is, before this file and in all."""

    progress: Progress
    done: int
    total: int


def _download(record: Record, entry: FileEntry, origin: Origin, tell: _Told) -> None:
    try:
        stream = origin.reader.artifact(record.model, record.version, f"{record.artifact_root}/{entry.path}")
        blocks = told(stream, tell.progress, what=entry.path, done=tell.done, total=tell.total)
        origin.store.write(blocks, entry)
    except IntegrityError as error:
        raise IntegrityError(
            f"{record.model} version {record.version} from {origin.reader.uri}: {error.message}",
            hint="what was transferred is not what was approved, and nothing was put in place; run again once, and if "
            "it stays so tell the registry's owner that the artifacts were altered",
        ) from error


def _keep(record: Record, store: BlobStore) -> None:
    """Keep the record in the store under its own digest: a project can then be restored without the registry."""
    data = record_bytes(record)
    if store.path_of(record.digest) is None:
        store.write([data], FileEntry(path="record.json", size=len(data), sha256=record.digest))
