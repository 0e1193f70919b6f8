"""hub.lock brings back exactly what it pins, whatever the aliases say today, and is never authority by itself."""

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import pytest

from evaluators.errors import EnvironmentProblem, GateRefused, IntegrityError, InvalidDocument, UsageProblem
from hub.card import Lifecycle
from hub.pulling import restore
from hub.signing import KeyRing


@pytest.fixture
def moved(bench, second):
    """Version 1 is pulled; then version 2 is approved, and the project's folder is lost."""
    bench.pull()
    bench.shelf.promote("minilm", second)
    shutil.rmtree(bench.folder)
    return bench


def test_a_bare_pull_restores_the_locked_version(moved, first):
    before = moved.lock_text
    (pulled,) = moved.restore()
    assert (pulled.version, pulled.changed, pulled.downloaded_bytes) == (1, True, 0)
    assert moved.contents() == first
    assert moved.lock_text == before


def test_it_downloads_what_this_machine_lacks(moved, first):
    moved.forget_store()
    (pulled,) = moved.restore()
    assert pulled.downloaded_bytes == sum(map(len, first.values()))
    assert moved.contents() == first


def test_frozen_holds_the_locked_version_and_says_what_is_newer(moved, first):
    before = moved.lock_text
    pulled = moved.pull(frozen=True)
    assert pulled.version == 1
    assert moved.contents() == first
    assert moved.lock_text == before
    assert pulled.warnings == ("minilm is version 2 now; hub.lock keeps version 1",)


def test_without_frozen_the_lock_follows(moved, second):
    pulled = moved.pull()
    assert (pulled.version, moved.contents()) == (2, second)
    assert '"version": 2' in moved.lock_text


def test_frozen_holds_although_the_alias_points_at_what_nobody_signed(moved):
    moved.shelf.aliases["minilm"]["approved"] = 9
    pulled = moved.pull("minilm@approved", frozen=True)
    assert pulled.version == 1
    assert "points at version 9, which no signed promotion backs" in pulled.warnings[0]


def test_frozen_adds_nothing(bench):
    with pytest.raises(UsageProblem, match=r"minilm is not in hub\.lock"):
        bench.pull(frozen=True)
    assert list(bench.project.iterdir()) == []


def test_frozen_moves_nothing(moved):
    assert moved.pull(frozen=True, into=Path("models/minilm")).version == 1
    with pytest.raises(UsageProblem, match="minilm lies in models/minilm"):
        moved.pull(frozen=True, into=Path("elsewhere"))


def test_it_works_offline_where_the_bytes_are(moved, first):
    moved.shelf.offline = True
    (pulled,) = moved.restore()
    assert moved.contents() == first
    assert "whether it was withdrawn is not known" in pulled.warnings[0]


def test_offline_without_the_bytes_it_says_so(moved):
    moved.shelf.offline = True
    moved.forget_store()
    with pytest.raises(EnvironmentProblem, match="not on this machine, and memory:shelf cannot be reached"):
        moved.restore()


def test_offline_a_folder_that_is_whole_needs_no_store(bench):
    bench.pull()
    bench.forget_store()
    bench.shelf.offline = True
    (pulled,) = bench.restore()
    assert not pulled.changed


def test_a_locked_version_that_was_withdrawn_since_is_refused(moved):
    moved.shelf.withdraw("minilm", 1)
    for attempt in (moved.restore, lambda: moved.pull(frozen=True)):
        with pytest.raises(GateRefused, match="version 1 was withdrawn"):
            attempt()
    assert not moved.folder.exists()


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("field", ["model_digest", "version", "name", "size"])
def test_an_edited_lock_is_refused(moved, field, offline):
    locked = moved.shelf.log[0]
    edits = {
        "model_digest": (locked.model_digest, moved.shelf.log[1].model_digest),
        "version": ('"version": 1', '"version": 2'),
        "name": ('"name": "minilm"', '"name": "e5"'),
        "size": (f'"size": {locked.files[0].size}', '"size": 999'),
    }
    (moved.project / "hub.lock").write_text(moved.lock_text.replace(*edits[field]))
    moved.shelf.offline = offline
    with pytest.raises(IntegrityError, match=r"hub\.lock was altered"):
        moved.restore()
    assert not moved.folder.exists()


def test_a_record_that_nobody_holds_is_refused(moved):
    text = moved.lock_text.replace(moved.shelf.log[0].digest, "e" * 64)
    (moved.project / "hub.lock").write_text(text)
    with pytest.raises(IntegrityError, match="cites promotion record eeeeeeeeeeee of minilm"):
        moved.restore()


def test_a_record_in_the_store_of_an_unknown_key_is_refused(moved, stranger):
    moved.keys = KeyRing({stranger.public.id: stranger.public})
    with pytest.raises(IntegrityError, match="not signed by a key that this machine trusts"):
        moved.restore()


@pytest.mark.parametrize(
    ("old", "new"),
    [('"into": "models/minilm"', '"into": "../../home/.ssh"'), ('"into": "models', '"into": "/models')],
)
def test_a_lock_cannot_name_a_folder_outside_the_project(moved, old, new):
    (moved.project / "hub.lock").write_text(moved.lock_text.replace(old, new))
    with pytest.raises(UsageProblem, match="not a folder inside the project"):
        moved.restore()


def test_a_lock_cannot_name_a_file_instead_of_a_digest(moved):
    precious = moved.root / "precious"
    precious.write_text("x")
    text = moved.lock_text.replace(moved.shelf.log[0].digest, f"../../../{precious.name}")
    (moved.project / "hub.lock").write_text(text)
    with pytest.raises(InvalidDocument, match="record_digest"):
        moved.restore()
    assert precious.exists()


def test_a_merge_conflict_in_the_lock_is_said(moved):
    (moved.project / "hub.lock").write_text("<<<<<<< HEAD\n" + moved.lock_text)
    with pytest.raises(InvalidDocument) as caught:
        moved.restore()
    assert "version control" in caught.value.hint


def test_without_a_lock_there_is_nothing_to_restore(bench):
    with pytest.raises(UsageProblem, match=r"no hub\.lock"):
        bench.restore()


def test_every_model_of_the_lock_is_restored(bench, second):
    bench.shelf.promote("e5", second)
    bench.pull()
    bench.pull("e5")
    shutil.rmtree(bench.project / "models")
    assert [(pulled.name, pulled.changed) for pulled in bench.restore()] == [("e5", True), ("minilm", True)]


@pytest.mark.parametrize("state", ["deprecated", "retired"])
def test_a_project_that_pinned_a_retired_model_is_restored_and_told(moved, state):
    lifecycle = Lifecycle(state=state, since=dt.date(2026, 1, 2), replacement="e5")
    origin = dataclasses.replace(moved.origin, lifecycles={"minilm": lifecycle})
    (pulled,) = restore(moved.project, origin)
    assert pulled.warnings == (f"minilm is {state} since 2026-01-02: use e5 instead",)
    assert pulled.changed
