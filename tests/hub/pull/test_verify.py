"""Every way in which a pulled folder can be wrong is its own clear finding."""

import json
import os

import pytest

from evaluators.errors import IntegrityError, UsageProblem
from hub.promotion_log import Record
from hub.signing import KeyRing
from hub.verify import require_verified, verify


@pytest.fixture
def pulled(bench):
    bench.pull()
    for path in bench.folder.rglob("*"):
        # Break the hard links: these tests edit the project, not the store.
        if path.is_file():
            data = path.read_bytes()
            path.unlink()
            path.write_bytes(data)
    return bench


def only(bench):
    verification = bench.verify()
    assert not verification.ok
    (finding,) = verification.findings
    return finding


def test_a_fresh_pull_is_what_was_approved(pulled):
    verification = pulled.verify()
    assert verification.ok
    assert verification.signed_by == "ana@example.org"
    assert verification.locked.name == "minilm"
    assert require_verified(verification) == pulled.shelf.log[0]


@pytest.mark.parametrize("path", ["config.json", "model.safetensors", "1_Pooling/config.json"])
def test_every_flipped_byte_is_found(pulled, path):
    target = pulled.folder / path
    good = target.read_bytes()
    expected = next(entry.sha256 for entry in pulled.shelf.log[0].files if entry.path == path)
    for position in range(len(good)):
        target.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        finding = only(pulled)
        assert (finding.kind, finding.path, finding.expected) == ("altered", path, expected)
        assert path in finding.message
        assert finding.found != expected


def test_a_truncated_file_is_told_by_its_sizes(pulled):
    (pulled.folder / "model.safetensors").write_bytes(b"first")
    finding = only(pulled)
    assert (finding.kind, finding.expected, finding.found) == ("size", "13", "5")
    assert finding.message == "model.safetensors: has 5 bytes instead of 13"


@pytest.mark.parametrize("path", ["config.json", "1_Pooling/config.json", ".hub/README.md"])
def test_a_missing_file_is_found(pulled, path):
    (pulled.folder / path).unlink()
    assert (only(pulled).kind, only(pulled).path) == ("missing", path)


@pytest.mark.parametrize("path", ["modeling.py", "1_Pooling/x.py", ".hub/x", ".gitattributes", "a b\n"])
def test_an_extra_file_is_found_in_every_folder(pulled, path):
    (pulled.folder / path).parent.mkdir(parents=True, exist_ok=True)
    (pulled.folder / path).write_text("x")
    findings = pulled.verify().findings
    assert findings[-1].path == path
    assert {finding.kind for finding in findings} == {"extra"}


def test_an_extra_folder_is_one_finding_whatever_it_holds(pulled):
    (pulled.folder / ".git/hooks").mkdir(parents=True)
    (pulled.folder / ".git/hooks/run").write_text("x")
    assert (only(pulled).kind, only(pulled).path) == ("extra", ".git")


def test_an_extra_folder_is_found(pulled):
    (pulled.folder / "empty").mkdir()
    assert (only(pulled).kind, only(pulled).path) == ("extra", "empty")


@pytest.mark.parametrize("path", ["config.json", "1_Pooling", "new"])
def test_a_symbolic_link_is_found_even_to_the_right_bytes(pulled, path):
    target, away = pulled.folder / path, pulled.root / "away"
    if target.exists():
        target.rename(away)
    target.symlink_to(away)
    assert ("link", path) in [(finding.kind, finding.path) for finding in pulled.verify().findings]


def test_a_special_file_is_found_and_not_read(pulled):
    (pulled.folder / "config.json").unlink()
    os.mkfifo(pulled.folder / "config.json")
    assert only(pulled).message == "config.json: is not a plain file"


def rewrite(bench, **fields):
    path = bench.folder / ".hub" / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize("field", ["approver", "reason", "alias", "policy"])
def test_an_altered_record_is_found(pulled, field):
    rewrite(pulled, **{field: "somebody else"})
    finding = pulled.verify().findings[0]
    assert finding.kind == "signature"
    assert "altered after signing" in finding.message


def test_an_unsigned_record_is_never_a_pass(pulled):
    rewrite(pulled, signature=None)
    assert pulled.verify().findings[0].message == ".hub/record.json: is not signed"


def test_a_signature_of_an_unknown_key_is_named(pulled):
    verification = verify(pulled.folder, keys=KeyRing({}))
    (finding,) = verification.findings
    assert finding.found == pulled.shelf.signer.public.id
    assert verification.signed_by is None
    with pytest.raises(IntegrityError) as caught:
        require_verified(verification)
    assert "hub trust add" in caught.value.hint


def test_somebody_elses_signature_under_a_trusted_name_is_not_valid(pulled, stranger):
    record = pulled.shelf.log[0]
    forged = stranger.sign(record.signed_bytes).value
    rewrite(pulled, signature={"key_id": pulled.shelf.signer.public.id, "value": forged})
    assert pulled.verify().findings[0].kind == "signature"


@pytest.mark.parametrize("text", ["", "{}", "null", "[" * 5000, '{"schema_version": 2}', "\x00"])
def test_a_record_that_cannot_be_read_is_never_a_pass(pulled, text):
    (pulled.folder / ".hub" / "record.json").write_text(text)
    assert only(pulled).kind == "record"


def test_record_and_bytes_of_another_model_disagree_with_the_lock(pulled, second):
    pulled.shelf.promote("e5", second)
    pulled.pull("e5")
    pulled.folder.rename(pulled.root / "old")
    (pulled.project / "models" / "e5").rename(pulled.folder)
    findings = pulled.verify().findings
    assert {finding.kind for finding in findings} == {"lock"}
    assert findings[0].message == "hub.lock: model is minilm, this folder has e5"


def test_a_resigned_record_with_other_bytes_disagrees_with_the_lock(pulled):
    record = Record.model_validate_json((pulled.folder / ".hub" / "record.json").read_bytes())
    again = record.model_copy(update={"version": 8})
    signature = pulled.shelf.signer.sign(again.signed_bytes)
    rewrite(pulled, version=8, signature=signature.model_dump())
    messages = [finding.message for finding in pulled.verify().findings]
    assert "hub.lock: version is 1, this folder has 8" in messages


def test_an_identity_that_contradicts_the_record_is_found(pulled):
    path = pulled.folder / ".hub" / "candidate.json"
    path.write_text(path.read_text().replace("minilm", "other"))
    assert only(pulled).path == ".hub/candidate.json"


def test_a_folder_that_was_copied_out_of_its_project_still_verifies(pulled):
    away = pulled.root / "away"
    pulled.folder.rename(away)
    verification = verify(away, keys=pulled.keys)
    assert verification.ok
    assert verification.locked is None


def test_all_problems_are_listed_at_once(pulled):
    (pulled.folder / "config.json").unlink()
    (pulled.folder / "x.py").write_text("x")
    with pytest.raises(IntegrityError) as caught:
        require_verified(pulled.verify())
    assert "x.py: does not belong here" in caught.value.message
    assert "config.json: is missing" in caught.value.message
    assert "move what does not belong there" in caught.value.hint


def test_a_pull_repairs_what_verify_found(pulled, first):
    (pulled.folder / "config.json").write_bytes(b"{}")
    assert pulled.pull().changed
    assert pulled.contents() == first
    assert pulled.verify().ok


def test_a_folder_that_is_not_there(pulled):
    with pytest.raises(UsageProblem):
        verify(pulled.project / "nowhere", keys=pulled.keys)
