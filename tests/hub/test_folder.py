"""A folder is exactly what it should be, or every difference is named."""

import os

import pytest

from hub.folder import differences
from tests.hub.models import entries, put

FILES = {"config.json": b"{}", "sub/model.safetensors": b"weights"}


@pytest.fixture
def folder(tmp_path):
    return put(tmp_path / "model", FILES)


def flip(folder):
    (folder / "config.json").write_bytes(b"[]")


def cut(folder):
    (folder / "config.json").write_bytes(b"{")


def remove(folder):
    (folder / "sub/model.safetensors").unlink()


def add(folder):
    (folder / "sub/modeling.py").write_text("import os")


def hide(folder):
    put(folder, {".git/hooks/post-checkout": b"#!"})


def link(folder):
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("/etc/hosts")


def link_folder(folder):
    (folder / "more").symlink_to("/etc")


def pipe(folder):
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


def test_the_same_files_differ_in_nothing(folder):
    assert differences(folder, entries(FILES)) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (flip, "config.json: has other bytes than it should"),
        (cut, "config.json: has 1 bytes instead of 2"),
        (remove, "sub/model.safetensors: is missing"),
        (add, "sub/modeling.py: does not belong here"),
        (hide, ".git/hooks/post-checkout: does not belong here"),
        (link, "config.json: is not a plain file"),
        (link_folder, "more: does not belong here"),
        (pipe, "config.json: is not a plain file"),
    ],
)
def test_every_change_is_named(folder, change, words):
    change(folder)
    assert differences(folder, entries(FILES)) == (words,)


def test_a_missing_folder_lacks_everything(tmp_path):
    assert len(differences(tmp_path / "gone", entries(FILES))) == 2


def test_what_may_lie_beside_is_not_looked_at_but_only_at_the_top(folder):
    put(folder, {".hub/record.json": b"{}"})
    assert differences(folder, entries(FILES), beside=frozenset({".hub"})) == ()
    put(folder, {"sub/.hub/x": b""})
    assert differences(folder, entries(FILES), beside=frozenset({".hub"})) == (
        "sub/.hub/x: does not belong here",
    )
