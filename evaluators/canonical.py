"""One canonical form of a value, so that equal values have equal digests on every machine.

JSON with sorted keys, no blanks, UTF-8. Not-a-number and infinities are refused: a document that a decision rests
on must not hold a number that compares with nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_BLOCK = 1 << 20


def canonical_json(value: object) -> bytes:
    """Return the canonical bytes of a JSON-able value.

    Raises:
        ValueError: If the value holds NaN or an infinity.
        TypeError: If the value is not JSON-able.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def digest_of(value: object) -> str:
    """Return the sha256 (64 hex digits) of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def digest_of_bytes(data: bytes) -> str:
    """Return the sha256 (64 hex digits) of bytes."""
    return hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return the sha256 (64 hex digits) of a file, read in blocks of 1 MiB."""
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha.update(block)
    return sha.hexdigest()


def short(digest: str) -> str:
    """Return the first 12 digits: enough for a person, never used to decide."""
    return digest[:12]
