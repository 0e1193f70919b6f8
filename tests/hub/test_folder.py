"""A folder is exactly what it should be, or every difference is named."""

import os

import pytest

from hub.folder import compare_files
from tests.hub.models import entries, put

FILES = {"config.json": b"{}", "sub/model.safetensors": b"weights"}


@pytest.fixture
def folder(tmp_path):
    return put(tmp_path / "model", FILES)


def differences(folder):
    return [row.message for row in compare_files(folder, entries(FILES))]


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
    assert differences(folder) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (flip, "config.json: has other bytes (sha256 4f53cda18c2b instead of 44136fa355b3)"),
        (cut, "config.json: has 1 bytes instead of 2"),
        (remove, "sub/model.safetensors: is missing"),
        (add, "sub/modeling.py: does not belong here"),
        (hide, ".git/: does not belong here"),
        (link, "config.json: is a symbolic link; only plain files belong here"),
        (link_folder, "more: is a symbolic link; only plain files belong here"),
        (pipe, "config.json: is not a plain file"),
    ],
)
def test_every_change_is_named(folder, change, words):
    change(folder)
    assert differences(folder) == [words]


def test_a_missing_folder_lacks_everything(tmp_path):
    assert differences(tmp_path / "gone") == ["config.json: is missing", "sub/model.safetensors: is missing"]


def test_what_must_lie_beside_may_hold_anything_but_must_be_there(folder):
    assert compare_files(folder, entries(FILES), beside=[".hub/record.json"])[0].kind == "missing"
    put(folder, {".hub/record.json": b"{}"})
    assert compare_files(folder, entries(FILES), beside=[".hub/record.json"]) == []
    put(folder, {".hub/other": b""})
    assert [row.path for row in compare_files(folder, entries(FILES), beside=[".hub/record.json"])] == [
        ".hub/other"
    ]
