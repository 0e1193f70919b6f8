"""A copy of the catalog: read from real repositories, replaced whole, kept when anything fails, as old as it says."""

import datetime as dt
import os
import socket
import time

import pytest

from evaluators.errors import EnvironmentProblem, InvalidDocument
from hub.catalog import load_catalog
from hub.catalog_copy import PAUSE, STALE, ago, folder_of, last_copy, refresh
from hub.catalog_place import CatalogPlace
from hub.home import Home
from hub.published_catalog import publication, publish
from hub.remote_catalog import refresh_catalog
from tests.hub.models import card_text, make_catalog
from tests.hub.repositories import git, repository

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def repo(tmp_path):
    make_catalog(tmp_path / "acme" / "catalog")
    return repository(tmp_path / "acme")


@pytest.fixture
def place(repo) -> CatalogPlace:
    return CatalogPlace(kind="git", place=repo.url)


def read(place, home, *, now=NOW, told=None):
    said = told if told is not None else []
    return folder_of(place, {}, home, now=now, tell=said.append)


def titles(folder):
    return {name: card.title for name, card in load_catalog(folder).cards.items()}


def add(repo, name):
    (repo.checkout / "catalog" / "models" / f"{name}.yaml").write_text(card_text(name))
    return repo.commit(name)


def test_a_repository_is_read_once_and_says_its_commit(repo, place, home):
    folder = read(place, home)
    assert set(titles(folder)) == {"tiny"}
    copy = last_copy(place, home)
    assert (copy.folder, copy.read_at) == (folder, NOW)
    assert copy.commit == git(repo.checkout, "rev-parse", "HEAD").strip()
    assert not list(home.cache.rglob(".git"))
    add(repo, "later")
    assert set(titles(read(place, home))) == {"tiny"}


def test_a_new_commit_is_seen_when_it_is_asked_for_and_after_a_day(repo, place, home):
    read(place, home)
    add(repo, "second")
    assert set(titles(refresh(place, {}, home, now=NOW).folder)) == {"tiny", "second"}
    commit = add(repo, "third")
    told = []
    assert set(titles(read(place, home, now=NOW + STALE * 2, told=told))) == {"tiny", "second", "third"}
    assert last_copy(place, home).commit == commit
    assert told == []


def test_a_path_of_a_bare_repository_and_one_without_a_folder_catalog_do_too(tmp_path, home):
    make_catalog(tmp_path / "flat")
    bare = CatalogPlace(kind="git", place=str(repository(tmp_path / "flat").bare))
    assert set(titles(read(bare, home))) == {"tiny"}


def test_a_branch_is_another_copy(repo, place, home):
    git(repo.checkout, "switch", "--quiet", "--create", "next")
    add(repo, "draft")
    branch = place.model_copy(update={"ref": "next"})
    assert set(titles(read(branch, home))) == {"tiny", "draft"}
    assert set(titles(read(place, home))) == {"tiny"}


def test_a_repository_that_is_gone_leaves_the_copy_and_says_its_age(repo, place, home):
    folder = read(place, home)
    repo.bare.rename(repo.bare.with_name("moved"))
    told = []
    later = NOW + dt.timedelta(days=3)
    assert read(place, home, now=later, told=told) == folder
    assert set(titles(folder)) == {"tiny"}
    assert len(told) == 1
    assert "was not refreshed, so it is as it was 3 days ago" in told[0]
    assert "does not appear to be a git repository" in told[0]


def test_after_a_failure_commands_wait_before_they_try_again(repo, place, home):
    read(place, home)
    repo.bare.rename(repo.bare.with_name("moved"))
    later = NOW + dt.timedelta(days=3)
    told = []
    read(place, home, now=later)
    failed = next(home.cache.glob("catalogs/*.failed"))
    os.utime(failed, (later.timestamp(), later.timestamp()))
    repo.bare.with_name("moved").rename(repo.bare)
    add(repo, "second")
    read(place, home, now=later + PAUSE / 2, told=told)
    assert "hub init --refresh" in told[0]
    assert set(titles(read(place, home, now=later + PAUSE * 2))) == {"tiny", "second"}
    assert not failed.exists()


@pytest.mark.parametrize("broken", ["card", "gone"])
def test_a_commit_that_is_no_catalog_replaces_nothing(repo, place, home, broken):
    folder = read(place, home)
    if broken == "card":
        (repo.checkout / "catalog" / "models" / "bad.yaml").write_text("id: bad\n")
    else:
        git(repo.checkout, "mv", "catalog", "moved")
    repo.commit()
    words = r"catalog/models/bad\.yaml" if broken == "card" else "no catalog in it"
    with pytest.raises(InvalidDocument, match=words) as caught:
        refresh(place, {}, home, now=NOW)
    assert ".staged" not in caught.value.message
    assert set(titles(folder)) == {"tiny"}
    assert not list(home.cache.rglob(".staged*"))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../outside", "models/../../.."])
def test_a_link_out_of_the_repository_is_refused(repo, place, home, target):
    (repo.checkout / "catalog" / "link").symlink_to(target)
    repo.commit()
    with pytest.raises(InvalidDocument, match=r"catalog/link is a link out of the repository"):
        read(place, home)
    assert last_copy(place, home) is None


def test_a_link_to_itself_is_no_file_and_no_loop(repo, place, home):
    (repo.checkout / "catalog" / "loop").symlink_to("loop")
    (repo.checkout / "catalog" / "git").symlink_to("../.git/config")
    repo.commit()
    assert not (read(place, home) / "git").exists()


def test_a_link_inside_is_a_file_as_any_other(repo, place, home):
    models = repo.checkout / "catalog" / "models"
    (models / "tiny.yaml").rename(repo.checkout / "tiny.yaml")
    (models / "tiny.yaml").symlink_to("../../tiny.yaml")
    repo.commit()
    assert set(titles(read(place, home))) == {"tiny"}


def test_neither_a_hook_nor_a_submodule_of_the_repository_runs(repo, place, home, tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    configured = tmp_path / "gitconfig"
    configured.write_text(f"[core]\n\thooksPath = {hooks}\n[submodule]\n\trecurse = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configured))
    other = repository(make_catalog(tmp_path / "other" / "catalog").folder.parent)
    allowed = ("-c", "protocol.file.allow=always")
    git(repo.checkout, *allowed, "submodule", "--quiet", "add", other.url, "sub")
    repo.commit()
    assert set(titles(read(place, home))) == {"tiny"}
    assert not (tmp_path / "ran").exists()
    assert list((next(home.cache.glob("catalogs/git-*")) / "files" / "sub").iterdir()) == []


def test_git_that_runs_us_does_not_mislead_ours(place, home, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert set(titles(read(place, home))) == {"tiny"}


def test_a_server_that_says_nothing_is_given_up_in_time(home):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        place = CatalogPlace(kind="git", place=f"http://ana:secret@127.0.0.1:{port}/x.git")
        start = time.monotonic()
        with pytest.raises(EnvironmentProblem, match="did not answer within 1 s") as caught:
            refresh(place, {}, home, now=NOW, seconds=1)
        assert time.monotonic() - start < 5
    assert "secret" not in caught.value.message


def test_an_unreachable_address_is_told_in_gits_words_without_its_password(home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = CatalogPlace(kind="git", place=f"http://ana:secret@127.0.0.1:{port}/x.git")
    with pytest.raises(EnvironmentProblem, match="fatal: unable to access") as caught:
        refresh(place, {}, home, now=NOW)
    assert "secret" not in caught.value.message
    assert "git ls-remote" in caught.value.hint


def test_a_machine_without_git_is_told(place, home, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="there is no program `git`"):
        refresh(place, {}, home, now=NOW)


def test_a_stale_published_catalog_goes_on_when_its_server_is_away(office, fake, home):
    (office.catalog.folder / "models" / "mini.yaml").write_text(card_text("mini"))
    publish(fake, publication(fake, office.catalog, office.keys), office.signer, now=NOW)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    place = CatalogPlace(kind="registry", place=address)
    folder = refresh_catalog(fake, address, home=home, keys=office.keys)
    told, now = [], dt.datetime.now(dt.UTC)
    assert read(place, home, now=now, told=told) == folder
    assert told == []
    assert read(place, home, now=now + dt.timedelta(days=2, hours=1), told=told) == folder
    assert "as it was 2 days ago" in told[0]
    assert "does not answer" in told[0]


def test_a_published_catalog_that_this_version_cannot_read_replaces_nothing(office, fake, home):
    models = office.catalog.folder / "models"
    (models / "mini.yaml").write_text(card_text("mini"))
    publish(fake, publication(fake, office.catalog, office.keys), office.signer, now=NOW)
    folder = refresh_catalog(fake, "memory:", home=home, keys=office.keys)
    (models / "mini.yaml").write_text(card_text("mini") + "of_tomorrow: true\n")
    newer = NOW + dt.timedelta(days=1)
    publish(fake, publication(fake, office.catalog, office.keys), office.signer, now=newer)
    with pytest.raises(InvalidDocument, match="of_tomorrow"):
        refresh_catalog(fake, "memory:", home=home, keys=office.keys)
    assert set(titles(folder)) == {"mini"}


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (dt.timedelta(seconds=20), "a moment ago"),
        (dt.timedelta(minutes=1), "1 minute ago"),
        (dt.timedelta(hours=5), "5 hours ago"),
        (dt.timedelta(days=9), "9 days ago"),
    ],
)
def test_an_age_is_said_in_words(age, said):
    assert ago(age) == said
