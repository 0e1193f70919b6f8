"""A checkpoint in a folder: measured like a candidate, judged as the proposal that it is not even yet."""

import datetime as dt

import pytest

from evaluators.errors import InvalidDocument
from hub.catalog import load_catalog
from hub.fetch import fetch
from hub.home import Home
from hub.progress import no_progress
from hub.unproposed import take_folders
from tests.hub.models import HUB_MIRROR, card_text, put, tiny_bert

TODAY = dt.date(2026, 11, 21)


@pytest.fixture
def catalog(tmp_path):
    models = tmp_path / "catalog" / "models"
    models.mkdir(parents=True)
    (models / "tiny.yaml").write_text(card_text("tiny", HUB_MIRROR))
    return load_catalog(tmp_path / "catalog")


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_folder_is_a_candidate_that_can_be_fetched_and_counts_as_proposed(catalog, home, tmp_path):
    folder = put(tmp_path / "My checkpoint", tiny_bert())
    taken = take_folders((str(folder), "tiny"), catalog, home, no_progress, today=TODAY)
    assert taken.models == ("folder-my-checkpoint", "tiny")
    assert taken.judging.cards["folder-my-checkpoint"].lifecycle.state == "proposed"
    candidate, view = fetch(taken.measuring.card("folder-my-checkpoint"), taken.measuring, home)
    assert candidate.name == "folder-my-checkpoint"
    assert (view / "model.safetensors").read_bytes() == tiny_bert()["model.safetensors"]
    assert "folder-my-checkpoint" not in catalog.cards


def test_a_card_goes_before_a_folder_of_its_name(catalog, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "tiny", tiny_bert())
    taken = take_folders(("tiny",), catalog, home, no_progress, today=TODAY)
    assert (taken.models, taken.measuring) == (("tiny",), catalog)


def test_a_pickle_in_a_folder_is_never_read(catalog, home, tmp_path):
    folder = put(tmp_path / "old", {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04."})
    with pytest.raises(InvalidDocument, match="can run code when loaded"):
        take_folders((str(folder),), catalog, home, no_progress, today=TODAY)
