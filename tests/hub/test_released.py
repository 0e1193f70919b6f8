"""Records that an earlier version wrote: read, of the same digest, and their signatures still verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluators.canonical import canonical_json
from hub.promotion_log import Record
from hub.provenance import record_bytes
from hub.signing import KeyRing, parse_public_key

RELEASED = Path(__file__).parent.parent / "released"


@pytest.fixture(params=["0.1.0"])
def released(request) -> Path:
    return RELEASED / request.param


def test_the_signature_over_an_old_record_still_verifies_and_its_digest_is_the_same(released):
    text = (released / "promotion_record.json").read_text()
    record = Record.model_validate_json(text)
    key = parse_public_key((released / "promotion_record.pub").read_text(), where="released")
    assert record.signature is not None
    assert KeyRing({key.id: key}).verifies(record.signed_bytes, record.signature)
    assert record.digest == (released / "promotion_record.sha256").read_text().strip()


def test_an_old_record_is_written_as_it_was(released):
    text = (released / "promotion_record.json").read_text()
    record = Record.model_validate_json(text)
    assert record.model_dump_json() + "\n" == text
    assert record_bytes(record) == canonical_json(json.loads(text))
