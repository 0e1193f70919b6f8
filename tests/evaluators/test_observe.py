"""What is recorded about the machine, the packages and the working tree."""

import subprocess

import pytest

from evaluators.observe import Spent, git_state, observe, package_versions


@pytest.fixture
def repository(tmp_path):
    """A folder with one commit."""
    for arguments in (
        ["init", "-q"],
        [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "first",
        ],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    return tmp_path


def test_commit_of_a_clean_tree(repository):
    commit, dirty = git_state(repository)
    assert (len(commit), dirty) == (40, False)


def test_uncommitted_file_makes_the_tree_dirty(repository):
    (repository / "note.txt").write_text("x")
    assert git_state(repository)[1] is True


def test_folder_without_git_has_no_commit(tmp_path):
    assert git_state(tmp_path) == (None, None)


def test_observations_say_where_and_with_what(tmp_path):
    found = observe(Spent(1.5, "cpu", {"b": 2, "a": 1}), created="2026-11-02T10:00:00Z", folder=tmp_path)
    assert found.hardware["device"] == "cpu"
    assert {"cpu", "cores", "memory"} <= set(found.hardware)
    assert list(found.counters) == ["a", "b"]
    assert (found.commit, found.seconds) == (None, 1.5)


def test_versions_of_installed_packages_only():
    assert "numpy" in package_versions()
    assert all(package_versions().values())
