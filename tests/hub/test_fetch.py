"""From a card to verified bytes, over mirrors that lack, corrupt, cut or refuse."""

import json
import os
from itertools import count

import pytest

from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument, UsageProblem
from hub import blobs, exchange, staging
from hub import fetch as fetching
from hub.blobs import BlobStore
from hub.fetch import candidate_of, fetch
from hub.home import Home
from tests.fakes_hub import ALWAYS, Corrupted, CutOff, FakeHub, Status
from tests.hub.killing import killed_at
from tests.hub.models import COMMIT, HUB_MIRROR, entries, make_catalog, tiny_bert

DIRECTORY = "{kind: directory, path: data/tiny}"
GONE = "{kind: directory, path: data/gone}"
PACKAGE = "{kind: package, distribution: no-such-package, folder: x}"
WEIGHTS = f"/org/tiny/resolve/{COMMIT}/model.safetensors"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def hub():
    with FakeHub() as running:
        running.add("org/tiny", tiny_bert(), commit=COMMIT)
        yield running


def pull(catalog, home, hub=None, **kwargs):
    environment = {"HF_ENDPOINT": hub.endpoint} if hub else {"HF_HUB_OFFLINE": "1"}
    return fetch(catalog.card("tiny"), catalog, home, environment=environment, **kwargs)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def only_weights_damaged(catalog):
    """Turn one bit of the weights in the directory mirror, after locking."""
    path = catalog.folder / "data" / "tiny" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7e")
    return catalog


def test_the_folder_holds_exactly_the_locked_files(tmp_path, home):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY)
    candidate, folder = pull(catalog, home)
    assert contents(folder) == tiny_bert()
    assert folder == home.cache / "models" / catalog.locks["tiny"].digest
    assert candidate == candidate_of(catalog.card("tiny"), catalog.locks["tiny"])
    assert candidate.digest == catalog.locks["tiny"].digest


def test_over_the_hub_every_byte_is_told_once(tmp_path, home, hub):
    told = []
    catalog = make_catalog(tmp_path / "catalog", HUB_MIRROR)
    _, folder = pull(catalog, home, hub, progress=lambda *told_now: told.append(told_now))
    assert contents(folder) == tiny_bert()
    size = catalog.locks["tiny"].size
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1:] == (size, size)
    assert told[-1][0] == "tokenizer.json from hub org/tiny"


def test_a_second_fetch_touches_neither_network_nor_disk(tmp_path, home, hub):
    catalog = make_catalog(tmp_path / "catalog", HUB_MIRROR)
    _, folder = pull(catalog, home, hub)
    before = {path: path.lstat().st_mtime_ns for path in home.root.rglob("*")}
    asked = len(hub.requests)
    assert pull(catalog, home, hub)[1] == folder
    assert len(hub.requests) == asked
    assert {path: path.lstat().st_mtime_ns for path in home.root.rglob("*")} == before


@pytest.mark.parametrize("mirrors", [(PACKAGE, DIRECTORY), (GONE, DIRECTORY), (HUB_MIRROR, DIRECTORY)])
def test_a_mirror_that_cannot_deliver_is_passed_over(tmp_path, home, mirrors):
    assert contents(pull(make_catalog(tmp_path / "catalog", *mirrors), home)[1]) == tiny_bert()


def test_what_one_mirror_corrupts_the_next_one_delivers_and_nothing_is_fetched_twice(tmp_path, home, hub):
    catalog = only_weights_damaged(make_catalog(tmp_path / "catalog", DIRECTORY, HUB_MIRROR))
    assert contents(pull(catalog, home, hub)[1]) == tiny_bert()
    assert hub.count("config.json") == 0
    assert hub.count("model.safetensors") == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ([Corrupted(), ALWAYS], "has other bytes than were locked"),
        ([CutOff(0), ALWAYS], "the connection broke 5 times"),
        ([Status(404, (("X-Error-Code", "EntryNotFound"),)), ALWAYS], "has no file model.safetensors"),
        ([Status(200), ALWAYS], "ends after 0 of"),
    ],
)
def test_a_fault_that_lasts_ends_whole_or_not_at_all_with_the_reason(tmp_path, home, hub, fault, reason):
    hub.add("org/tiny", {**tiny_bert(), "model.safetensors": b"small"}, commit=COMMIT)
    small = {**tiny_bert(), "model.safetensors": b"small"}
    catalog = make_catalog(tmp_path / "catalog", HUB_MIRROR, files=small)
    hub.faults[WEIGHTS] = fault
    with pytest.raises((IntegrityError, EnvironmentProblem), match=reason) as caught:
        pull(catalog, home, hub)
    assert "no mirror delivers model.safetensors" in caught.value.message
    assert caught.value.hint
    assert not (home.cache / "models").exists()
    assert all(good for _, good in BlobStore(home).verify())


def test_if_every_mirror_fails_each_says_why_and_what_to_do(tmp_path, home):
    catalog = make_catalog(tmp_path / "catalog", PACKAGE, HUB_MIRROR, GONE)
    with pytest.raises(EnvironmentProblem) as caught:
        pull(catalog, home)
    assert caught.value.message.splitlines() == [
        "tiny: no mirror delivers config.json and 2 more",
        "  package no-such-package: the package no-such-package is not installed",
        "  hub org/tiny: offline: HF_HUB_OFFLINE is set",
        f"  directory data/gone: there is no folder {catalog.folder / 'data/gone'}",
    ]
    assert "pip install no-such-package" in caught.value.hint


def test_wrong_bytes_everywhere_are_an_integrity_error(tmp_path, home):
    catalog = only_weights_damaged(make_catalog(tmp_path / "catalog", DIRECTORY, PACKAGE))
    with pytest.raises(IntegrityError, match="other bytes than were locked") as caught:
        pull(catalog, home)
    assert "propose it under a new id" in caught.value.hint


def test_a_gated_repository_says_what_to_accept(tmp_path, home, hub):
    hub.add("org/tiny", tiny_bert(), commit=COMMIT, gated=True)
    with pytest.raises(EnvironmentProblem, match="gated, and HF_TOKEN is not set") as caught:
        pull(make_catalog(tmp_path / "catalog", HUB_MIRROR), home, hub)
    assert "accept its terms" in caught.value.hint


@pytest.mark.parametrize("name", sorted(tiny_bert()))
def test_a_pulled_file_that_was_edited_in_place_is_found_and_healed(tmp_path, home, name):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY)
    _, folder = pull(catalog, home)
    (folder / name).chmod(0o644)
    with (folder / name).open("r+b") as stream:
        stream.write(b"?")
    assert contents(pull(catalog, home)[1]) == tiny_bert()
    assert len(BlobStore(home).quarantined) == 1


@pytest.mark.parametrize("change", ["extra", "missing", "link"])
def test_a_folder_that_is_not_exactly_the_model_is_replaced(tmp_path, home, change):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY)
    _, folder = pull(catalog, home)
    if change == "extra":
        (folder / "modeling.py").write_text("import os")
    else:
        (folder / "config.json").unlink()
        if change == "link":
            (folder / "config.json").symlink_to("/etc/hosts")
    assert contents(pull(catalog, home)[1]) == tiny_bert()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_is_not_admitted_is_never_handed_out(tmp_path, home):
    files = {**tiny_bert(), "config.json": json.dumps({"auto_map": {"AutoModel": "x.Y"}}).encode()}
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY, files=files)
    with pytest.raises(InvalidDocument, match="run code of the model repository"):
        pull(catalog, home)
    assert not (home.cache / "models").exists()


def test_a_proposed_card_is_never_fetched(tmp_path, home):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY, state="proposed")
    with pytest.raises(UsageProblem, match="only proposed") as caught:
        pull(catalog, home)
    assert "hub catalog lock tiny" in caught.value.hint


def test_a_card_without_a_lock_says_how_to_get_one(tmp_path, home):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY, locked=False)
    with pytest.raises(UsageProblem, match="has no lock"):
        pull(catalog, home)


def test_a_home_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY)
    with pytest.raises(EnvironmentProblem, match=r"HUB_HOME .* cannot be written"):
        pull(catalog, Home(tmp_path / "file" / "home"))


def test_a_retired_or_deprecated_card_is_delivered_its_lifecycle_is_judged_elsewhere(tmp_path, home):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY, state="deprecated")
    assert contents(pull(catalog, home)[1]) == tiny_bert()


def test_the_digest_of_the_candidate_is_of_the_bytes_and_not_of_the_order(tmp_path):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY)
    lock = catalog.locks["tiny"]
    turned = lock.model_copy(update={"files": tuple(reversed(entries(tiny_bert())))})
    assert candidate_of(catalog.card("tiny"), turned).digest == lock.digest


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [False, True])
def test_killed_anywhere_the_folder_is_whole_or_absent_and_the_next_fetch_completes_it(
    tmp_path, home, damaged
):
    catalog = make_catalog(tmp_path / "catalog", DIRECTORY)
    view = home.cache / "models" / catalog.locks["tiny"].digest
    whole = [tiny_bert(), {**tiny_bert(), "stranger.txt": b""}] if damaged else [tiny_bert()]
    for line in count(0, 5):
        if damaged:
            pull(catalog, home)
            (view / "stranger.txt").touch()
        if not killed_at(line, lambda: pull(catalog, home), fetching, blobs, staging, exchange):
            break
        assert (not view.exists() and not damaged) or contents(view) in whole
        assert all(good for _, good in BlobStore(home).verify())
    assert line > 100
    assert contents(pull(catalog, home)[1]) == tiny_bert()
    assert not [path for path in home.root.rglob(f"{staging.PREFIX}*") if path.parent.name == "incoming"]


@pytest.mark.slow
def test_many_processes_fetching_at_once_all_get_the_whole_model(tmp_path, home, hub):
    catalog = make_catalog(tmp_path / "catalog", HUB_MIRROR)
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            good = contents(pull(catalog, home, hub)[1]) == tiny_bert()
            os._exit(0 if good else 1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert len(list((home.cache / "models").iterdir())) == 1
