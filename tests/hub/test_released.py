"""What an earlier version wrote: read, of the same digest, written as it was, and its signatures still verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluators.artifact_evidence import artifact_evidence_from_json
from evaluators.canonical import canonical_json
from evaluators.evidence import evidence_from_json, evidence_to_json
from hub.promotion_log import Record
from hub.provenance import record_bytes
from hub.signing import KeyRing, parse_public_key

RELEASED = Path(__file__).parent.parent / "released"
RECORDS = ["0.1.0/promotion_record", "0.1.0/adapted_record"]


def text_of(name: str) -> str:
    return (RELEASED / name).read_text()


def keys_of(name: str) -> KeyRing:
    key = parse_public_key(text_of(name), where=name)
    return KeyRing({key.id: key})


@pytest.mark.parametrize("name", RECORDS)
def test_the_signature_over_an_old_record_still_verifies_and_its_digest_is_the_same(name):
    record = Record.model_validate_json(text_of(f"{name}.json"))
    assert record.signature is not None
    assert keys_of(f"{name}.pub").verifies(record.signed_bytes, record.signature)
    assert record.digest == text_of(f"{name}.sha256").strip()


@pytest.mark.parametrize("name", RECORDS)
def test_an_old_record_is_written_as_it_was(name):
    text = text_of(f"{name}.json")
    record = Record.model_validate_json(text)
    assert record.model_dump_json() + "\n" == text
    assert record_bytes(record) == canonical_json(json.loads(text))


def test_the_records_are_of_a_base_and_of_an_adapted_model():
    base, adapted = (Record.model_validate_json(text_of(f"{name}.json")) for name in RECORDS)
    assert "adapted" not in text_of(f"{RECORDS[0]}.json")
    assert base.adapted is None
    assert adapted.adapted is not None
    assert adapted.adapted.base == "letters-base"


def test_old_evidence_about_an_artifact_is_what_its_record_cites():
    evidence = artifact_evidence_from_json(text_of("0.1.0/artifact_evidence.json"), where="released")
    assert evidence.signature is not None
    assert keys_of("0.1.0/adapted_record.pub").verifies(canonical_json(evidence.unsigned), evidence.signature)
    record = Record.model_validate_json(text_of("0.1.0/adapted_record.json"))
    assert evidence.findings.digest == record.findings_digest


def test_old_evidence_about_a_base_is_read_and_written_as_it_was_and_verifies():
    text = text_of("0.1.0/evidence.json")
    evidence = evidence_from_json(text, where="released")
    assert evidence.signature is not None
    assert keys_of("0.1.0/evidence.pub").verifies(canonical_json(evidence.unsigned), evidence.signature)
    halves = {"findings": evidence.findings.digest, "observations": evidence.observations.digest}
    assert halves == dict(reversed(line.split()) for line in text_of("0.1.0/evidence.sha256").splitlines())
    assert evidence_to_json(evidence) == text
