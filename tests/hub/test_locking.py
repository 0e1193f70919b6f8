"""Locking writes down what mirrors deliver, and invents nothing."""

import json

import pytest

from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument
from hub.fetch import fetch
from hub.home import Home
from hub.lock import read_lock, write_lock
from hub.locking import lock_card
from tests.fakes_hub import ALWAYS, Corrupted, FakeHub, Status
from tests.hub.models import (
    COMMIT,
    HUB_MIRROR,
    card_text,
    entries,
    floats,
    make_catalog,
    put,
    safetensors,
    tiny_bert,
)

DIRECTORY = "{kind: directory, path: data/tiny}"
UNPINNED = "{kind: hub, repository: org/tiny}"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def hub():
    with FakeHub() as running:
        running.add("org/tiny", tiny_bert(), commit=COMMIT)
        yield running


def proposed(tmp_path, *mirrors, files=None):
    return make_catalog(tmp_path / "catalog", *mirrors, files=files, state="proposed", locked=False)


def lock(catalog, home, hub=None, **kwargs):
    environment = {"HF_ENDPOINT": hub.endpoint} if hub else {"HF_HUB_OFFLINE": "1"}
    return lock_card(catalog.card("tiny"), catalog, home, environment=environment, **kwargs)


@pytest.fixture(autouse=True)
def without_torch(monkeypatch):
    """Estimate FLOPs: building an architecture for every test would take seconds."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)


def test_a_directory_is_locked_as_it_is(tmp_path, home):
    notes = []
    found = lock(proposed(tmp_path, DIRECTORY), home, note=notes.append)
    assert found.files == entries(tiny_bert())
    assert found.revision is None
    assert (found.structure.parameters, found.structure.width) == (312, 4)
    assert "estimated" in notes[0]


def test_an_unpinned_hub_mirror_gets_the_commit_that_the_hub_resolves(tmp_path, home, hub):
    found = lock(proposed(tmp_path, UNPINNED), home, hub)
    assert found.revision == COMMIT
    assert found.files == entries(tiny_bert())


def test_what_was_locked_is_fetched_without_the_network_and_round_trips(tmp_path, home, hub):
    catalog = proposed(tmp_path, UNPINNED)
    path = catalog.folder / "models" / "tiny.lock.json"
    write_lock(path, lock(catalog, home, hub))
    assert read_lock(path) == lock(catalog, home, hub)
    active = make_catalog(tmp_path / "catalog", HUB_MIRROR, locked=False)
    asked = len(hub.requests)
    fetch(active.card("tiny"), active, home, environment={"HF_HUB_OFFLINE": "1"})
    assert len(hub.requests) == asked


def test_mirrors_that_answer_must_agree(tmp_path, home, hub):
    hub.add("org/tiny", {**tiny_bert(), "tokenizer.json": b"{}"}, commit=COMMIT)
    with pytest.raises(
        IntegrityError, match=r"the mirrors disagree about tokenizer\.json: directory data/tiny has"
    ) as e:
        lock(proposed(tmp_path, DIRECTORY, UNPINNED), home, hub)
    assert "not mirrors of one model" in e.value.hint


def test_mirrors_that_agree_give_the_revision_too(tmp_path, home, hub):
    assert lock(proposed(tmp_path, DIRECTORY, UNPINNED), home, hub).revision == COMMIT


def test_a_mirror_that_does_not_answer_is_noted_and_its_revision_not_claimed(tmp_path, home):
    notes = []
    found = lock(proposed(tmp_path, DIRECTORY, HUB_MIRROR), home, note=notes.append)
    assert found.revision is None
    assert notes[0] == "hub org/tiny was not compared: offline: HF_HUB_OFFLINE is set"


def test_where_nothing_answers_nothing_is_locked_and_each_says_why(tmp_path, home):
    with pytest.raises(EnvironmentProblem) as caught:
        lock(proposed(tmp_path, UNPINNED, "{kind: directory, path: data/gone}"), home)
    assert "no mirror answers, so nothing was locked and it stays proposed" in caught.value.message
    assert "hub org/tiny: offline" in caught.value.message
    assert "directory data/gone: there is no folder" in caught.value.message
    assert "unset HF_HUB_OFFLINE" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "fault", "reason"),
    [
        ("resolve/{c}/model.safetensors", [Corrupted(), ALWAYS], None),
        (
            "resolve/{c}/config.json",
            [Status(404, (("X-Error-Code", "EntryNotFound"),))],
            "no file config.json",
        ),
        ("api", [Status(404, (("X-Error-Code", "RepoNotFound"),))], "does not exist"),
    ],
)
def test_a_hub_that_fails_half_way_locks_nothing(tmp_path, home, hub, path, fault, reason):
    catalog = proposed(tmp_path, UNPINNED)
    key = "/api/models/org/tiny/revision/main" if path == "api" else f"/org/tiny/{path.format(c=COMMIT)}"
    if reason is None:  # the large file is corrupted in storage, where its published sha256 finds it
        key, reason = "/" + entries(tiny_bert())[1].sha256, "which is not what it publishes"
    hub.faults[key] = fault
    with pytest.raises(EnvironmentProblem, match=reason):
        lock(catalog, home, hub)


def test_a_file_that_the_hub_lacks_is_answered_with_the_nearest(tmp_path, home, hub):
    files = dict(tiny_bert())
    files["tokeniser.json"] = files.pop("tokenizer.json")
    hub.add("org/tiny", files, commit=COMMIT)
    with pytest.raises(EnvironmentProblem, match=r"has no file tokenizer\.json") as caught:
        lock(proposed(tmp_path, UNPINNED), home, hub)
    assert "did you mean tokeniser.json?" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config.json": b'{"auto_map": {"AutoModel": "x.Y"}}'}, "run code of the model repository"),
        ({"model.safetensors": b"\x80\x02X"}, "is a Python pickle"),
        ({"model.safetensors": safetensors({"w": ("F32", [1], floats(float("nan")))})}, "NaN"),
        ({"config.json": json.dumps({"model_type": "bert"}).encode()}, "no whole number for hidden_size"),
    ],
)
def test_what_may_not_be_loaded_is_not_locked(tmp_path, home, change, message):
    with pytest.raises(InvalidDocument, match=message):
        lock(proposed(tmp_path, DIRECTORY, files={**tiny_bert(), **change}), home)


def test_a_real_pickle_checkpoint_in_a_directory_is_refused_with_the_way_out(tmp_path, home, hub_data):
    checkpoint = hub_data.parent / "weights" / "resnet20-cifar10.th"
    if not checkpoint.is_file():
        pytest.skip(f"there is no {checkpoint}")
    catalog = proposed(tmp_path, DIRECTORY)
    card = card_text("tiny", DIRECTORY, state="proposed").replace("model.safetensors", checkpoint.name)
    (catalog.folder / "models" / "tiny.yaml").write_text(card, encoding="utf-8")
    put(catalog.folder / "data" / "tiny", {checkpoint.name: checkpoint.read_bytes()})
    from hub.catalog import load_catalog

    with pytest.raises(InvalidDocument, match=r"resnet20-cifar10\.th is a Python pickle") as caught:
        lock(load_catalog(catalog.folder), home)
    assert "no .safetensors file is listed" in caught.value.message
    assert "weights_only=True" in caught.value.hint
