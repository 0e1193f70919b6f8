"""The promotion log as this machine last read it, so that `hub list` needs neither mlflow nor the network.

The records are signed, so a copy is as good as the log but for its age: an old copy can lack new records and nothing
else. It also remembers how far the log had grown, which shows if its end was cut off later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from evaluators.canonical import digest_of
from evaluators.errors import IntegrityError
from hub.home import Home
from hub.promotion_log import Entry, History, Record, read_history
from hub.registry.address import without_credentials
from hub.signing import open_keyring
from hub.staging import place_file, staged_file


@dataclass(frozen=True)
class CachedLog:
    """What was read, and when."""

    entries: tuple[Entry, ...]
    read_at: str


def recall(home: Home, registry: str) -> CachedLog:
    """Return the log of a registry as it was last read; empty if it never was."""
    try:
        value = json.loads(_path(home, registry).read_bytes())
        entries = tuple(
            Entry(row["number"], Record.model_validate_json(row["record"]) if row["record"] else None)
            for row in value["entries"]
        )
        return CachedLog(entries, value["read_at"])
    except (OSError, ValueError, KeyError, ValidationError):
        # A cache that cannot be read is an absent one.
        return CachedLog((), "never")


def remember(home: Home, registry: str, entries: Sequence[Entry], *, now: str) -> None:
    """Keep what was read.

    Raises:
        IntegrityError: If the log is shorter than it was, or a record that was seen is another one now.
    """
    before = recall(home, registry)
    registry = without_credentials(registry)
    known = max((entry.number for entry in before.entries), default=0)
    newest = max((entry.number for entry in entries), default=0)
    if newest < known:
        raise IntegrityError(
            f"the promotion log of {registry} ends at {newest}, but this machine has seen record {known}",
            hint="records were removed, or this is another registry at the same address; if it was reset on purpose, "
            f"delete {_path(home, registry)}",
        )
    now_standing = {entry.number: entry.record for entry in entries}
    for entry in before.entries:
        if entry.record is not None and now_standing.get(entry.number) != entry.record:
            raise IntegrityError(
                f"record {entry.number} of the promotion log of {registry} is not the one that this machine has seen",
                hint="it was altered or removed; if the registry was reset on purpose, delete "
                f"{_path(home, registry)}",
            )
    rows = [
        {"number": entry.number, "record": entry.record.model_dump_json() if entry.record else None}
        for entry in entries
    ]
    path = _path(home, registry)
    text = json.dumps({"registry": registry, "read_at": now, "entries": rows}, indent=1)
    try:
        with staged_file(path.parent) as stream:
            stream.write(text.encode("utf-8"))
            place_file(stream, path, mode=0o644)
    except OSError as error:
        raise home.unwritable(error) from error


def known_history(home: Home, registry: str) -> tuple[History, str]:
    """Return the verified history as last read, and when that was."""
    cached = recall(home, registry)
    return read_history(cached.entries, open_keyring(home.keys)), cached.read_at


def _path(home: Home, registry: str) -> Path:
    return home.cache / "logs" / f"{digest_of(without_credentials(registry))[:16]}.json"
