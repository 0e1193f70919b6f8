"""What is recorded about the machine, the packages and the working tree."""

import subprocess

import pytest

from evaluators.observe import environment, git_state, package_versions


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


def test_an_environment_says_on_what_and_with_what(repository):
    found = environment("cpu", repository)
    assert found.device == "cpu"
    assert {"cpu", "cores", "memory", "system"} <= set(found.hardware)
    assert (len(found.commit), found.dirty) == (40, False)
    assert found.digest == environment("cpu", repository).digest


def test_versions_of_installed_packages_only():
    assert "numpy" in package_versions()
    assert all(package_versions().values())
