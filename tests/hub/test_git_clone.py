"""A password in an address reaches the server, and nobody else: no list of processes, no message, no helper."""

from __future__ import annotations

import os
import shutil

import pytest

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub.git_clone import clone
from tests.hub.git_server import git_server
from tests.hub.repositories import repository


@pytest.fixture
def repo(tmp_path):
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "file").write_text("x")
    return repository(tmp_path / "catalog")


@pytest.fixture
def target(tmp_path):
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def test_the_password_of_an_address_is_used_and_is_no_argument(repo, target, tmp_path, monkeypatch):
    programs, calls, real = tmp_path / "bin", tmp_path / "calls", shutil.which("git")
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with git_server(repo.bare.parent, "ana:hun'ter/2") as host:
        commit = clone(f"http://ana:hun'ter%2F2@{host}/catalog.git", None, target, seconds=20)
    assert len(commit) == 40
    assert (target / "file").read_text() == "x"
    assert "clone" in calls.read_text()
    assert "hun" not in calls.read_text()


def test_a_wrong_password_is_told_and_not_shown(repo, target):
    with (
        git_server(repo.bare.parent, "ana:right") as host,
        pytest.raises(EnvironmentProblem, match="git cannot read http://127") as caught,
    ):
        clone(f"http://ana:hunter2@{host}/catalog.git", None, target, seconds=20)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_password_with_a_line_feed_is_refused(target):
    with pytest.raises(UsageProblem, match="has a control character"):
        clone("http://ana:x%0Ahost=evil@127.0.0.1:9/x.git", None, target, seconds=20)
