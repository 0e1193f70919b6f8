"""A pull is exactly what was promoted, or nothing."""

import json

import pytest

from evaluators.errors import GateRefused, IntegrityError
from hub.project_lock import read_project_lock
from hub.pulling import PullRequest, pull
from hub.reference import parse_reference


def test_the_folder_is_exactly_the_upstream_tree_with_ours_beside_it(bench, first):
    pulled = bench.pull()
    assert bench.contents() == first
    assert sorted(path.name for path in (bench.folder / ".hub").iterdir()) == [
        "README.md",
        "candidate.json",
        "record.json",
    ]
    assert (pulled.version, pulled.folder, pulled.changed) == (1, bench.folder, True)
    assert (pulled.downloaded_bytes, pulled.reused_bytes) == (sum(map(len, first.values())), 0)
    assert bench.verify().ok
    assert bench.left_over() == []


def test_hub_lock_pins_what_was_pulled(bench):
    pulled = bench.pull("minilm@approved")
    lock = read_project_lock(bench.project)
    locked = lock.model_named("minilm")
    assert (lock.registry, locked.version, locked.alias, locked.into) == (
        "memory:shelf",
        1,
        "approved",
        "models/minilm",
    )
    assert locked.model_digest == pulled.digest
    assert locked.record_digest == bench.shelf.log[0].digest
    assert locked.files == bench.shelf.log[0].files


def test_the_readme_says_what_it_is_for_and_how_to_load_it(bench):
    bench.pull()
    text = (bench.folder / ".hub" / "README.md").read_text()
    assert "| banking77 | lora | 5 | 81.2 / [80, 82] |" in text
    assert 'AutoModel.from_pretrained("models/minilm", local_files_only=True)' in text
    assert str(bench.root) not in text


def test_a_second_pull_downloads_and_changes_nothing(bench, first):
    bench.pull()
    before = bench.folder.stat().st_ino
    again = bench.pull()
    assert (again.downloaded_bytes, again.reused_bytes) == (0, sum(map(len, first.values())))
    assert not again.changed
    assert bench.folder.stat().st_ino == before
    assert len(bench.shelf.served) == len(first)


def test_a_new_version_replaces_the_folder_and_downloads_only_what_is_new(bench, second):
    bench.pull()
    bench.shelf.promote("minilm", {**second, "1_Pooling/config.json": b"{}"})
    pulled = bench.pull()
    assert (pulled.version, pulled.reused_bytes) == (2, len(b"{}"))
    assert bench.contents() == {**second, "1_Pooling/config.json": b"{}"}
    assert read_project_lock(bench.project).model_named("minilm").version == 2


def test_two_projects_share_the_bytes_on_disk(bench):
    other = bench.root / "other"
    other.mkdir()
    bench.pull()
    assert bench.pull(project=other).downloaded_bytes == 0
    one, two = (place / "models/minilm/model.safetensors" for place in (bench.project, other))
    assert one.stat().st_ino == two.stat().st_ino
    assert one.stat().st_nlink == 3


def test_an_edit_through_a_hard_link_is_found_and_reaches_no_other_project(bench, first):
    bench.pull()
    edited = bench.folder / "model.safetensors"
    edited.chmod(0o644)
    with edited.open("r+b") as stream:
        stream.write(b"X")
    assert [finding.kind for finding in bench.verify().findings] == ["altered"]
    other = bench.root / "other"
    other.mkdir()
    pulled = bench.pull(project=other)
    assert (other / "models/minilm/model.safetensors").read_bytes() == first["model.safetensors"]
    assert pulled.downloaded_bytes == len(first["model.safetensors"])


def test_a_rotten_blob_is_fetched_again(bench, first):
    bench.pull()
    entry = next(entry for entry in bench.shelf.log[0].files if entry.path == "model.safetensors")
    blob = bench.store.path_of(entry.sha256)
    blob.chmod(0o644)
    blob.write_bytes(b"first weightz")
    assert bench.pull().downloaded_bytes == len(first["model.safetensors"])
    assert bench.contents() == first


def flipped(blocks):
    return [blocks[0][:-1] + bytes([blocks[0][-1] ^ 1]), *blocks[1:]]


@pytest.mark.parametrize(
    ("transit", "message"),
    [
        (flipped, "other bytes"),
        (lambda blocks: blocks[:-1], "ends after"),
        (lambda _: [], "ends after 0"),
        (lambda blocks: [*blocks, b"more"], "more than"),
    ],
    ids=["flipped byte", "truncated body", "empty body", "endless body"],
)
def test_bytes_that_change_in_transit_are_refused_and_nothing_is_put_in_place(bench, transit, message):
    bench.shelf.transit = transit
    with pytest.raises(IntegrityError, match=message) as caught:
        bench.pull()
    assert "minilm version 1 from memory:shelf" in caught.value.message
    assert list(bench.project.iterdir()) == []


def test_artifacts_that_were_replaced_after_the_promotion_are_refused(bench):
    bench.shelf.artifacts["minilm", 1, "model/model.safetensors"] = b"evil! weights"
    with pytest.raises(IntegrityError, match=r"model\.safetensors"):
        bench.pull()
    assert not bench.folder.exists()


def test_a_missing_artifact_is_an_integrity_error_naming_it(bench):
    del bench.shelf.artifacts["minilm", 1, "model/config.json"]
    with pytest.raises(IntegrityError, match=r"no artifact model/config\.json"):
        bench.pull()


def test_a_failed_pull_goes_on_where_it_stood(bench, first):
    kept = bench.shelf.artifacts.pop(("minilm", 1, "model/model.safetensors"))
    with pytest.raises(IntegrityError):
        bench.pull()
    bench.shelf.artifacts["minilm", 1, "model/model.safetensors"] = kept
    assert bench.pull().downloaded_bytes == len(kept)


def test_an_extra_artifact_in_the_registry_never_arrives(bench, first):
    bench.shelf.artifacts["minilm", 1, "model/modeling_evil.py"] = b"import os"
    bench.pull()
    assert bench.contents() == first


def test_an_alias_that_no_signed_record_backs_brings_nothing(bench, second):
    bench.shelf.aliases["minilm"]["approved"] = 7
    for path, data in second.items():
        bench.shelf.artifacts["minilm", 7, f"model/{path}"] = data
    with pytest.raises(IntegrityError, match="points at version 7"):
        bench.pull("minilm@approved")
    assert bench.pull().warnings
    assert bench.pull().version == 1


def test_a_record_of_an_unknown_key_brings_nothing(bench, stranger):
    bench.shelf.log[0] = bench.shelf.log[0].model_copy(
        update={"signature": stranger.sign(bench.shelf.log[0].signed_bytes)}
    )
    with pytest.raises(IntegrityError, match="not signed by a key that this machine trusts"):
        bench.pull()


@pytest.mark.parametrize("field", ["model_digest", "approver", "version", "model", "artifact_root", "tasks"])
def test_a_record_that_was_altered_in_any_field_brings_nothing(bench, field):
    value = {"model_digest": "f" * 64, "version": 4, "tasks": ()}.get(field, "minilm")
    bench.shelf.log[0] = bench.shelf.log[0].model_copy(update={field: value, "reason": "altered"})
    with pytest.raises(IntegrityError):
        bench.pull()


def test_a_signed_record_that_contradicts_itself_brings_nothing(bench):
    record = bench.shelf.log.pop()
    bench.shelf.append(record.model_copy(update={"model_digest": "f" * 64, "signature": None}))
    with pytest.raises(IntegrityError, match="contradicts itself"):
        bench.pull()
    assert bench.shelf.served == []


def test_a_withdrawn_version_is_refused(bench):
    bench.pull()
    bench.shelf.withdraw("minilm", 1)
    with pytest.raises(GateRefused, match="withdrawn"):
        bench.pull()


def test_two_models_stand_in_one_lock(bench, second):
    bench.shelf.promote("e5", second)
    bench.pull()
    bench.pull("e5")
    assert [model["name"] for model in json.loads(bench.lock_text)["models"]] == ["e5", "minilm"]


def test_progress_counts_every_byte(bench, first):
    told = []
    pull(
        PullRequest(parse_reference("minilm"), bench.project),
        bench.origin,
        progress=lambda *now: told.append(now),
    )
    total = sum(map(len, first.values()))
    assert told[-1][1:] == (total, total)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_another_registry_is_said(bench, second):
    bench.pull()
    bench.shelf.uri = "memory:other"
    bench.shelf.promote("minilm", second)
    assert bench.pull().warnings == (
        "hub.lock was about the registry memory:shelf; it names memory:other now",
    )
