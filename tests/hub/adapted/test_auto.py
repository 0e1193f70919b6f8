"""`hub adapt --strategy auto` takes the lightest strategy that is enough, heavier ones that were measured included."""

import datetime as dt

import pytest

from hub.adapted.preparation import AdaptChoice, prepare_adaptation
from hub.catalog import load_catalog
from hub.choice import Choice
from hub.evaluating import measure
from hub.home import Home
from hub.teller import Teller
from tests.hub.checkouts import small_catalog

_PROTOCOL = """schema: 1
id: {id}
title: For a test
description: Four runs.
labels_per_class: {sizes}
runs: 4
strategies: [pixels-logreg, linear-probe]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "HUB_RESULTS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "catalog"
    folder.mkdir()
    small_catalog(folder)
    for name, sizes in (("screen", [5, 20]), ("narrow", [5])):
        (folder / "protocols" / f"{name}.yaml").write_text(_PROTOCOL.format(id=name, sizes=sizes))
    return load_catalog(folder), Home(tmp_path / "home").ready(), tmp_path / "router"


class Told(Teller):
    """A teller that remembers."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    command = note


def auto(place, told, **data):
    catalog, home, into = place
    choice = AdaptChoice("glyph-resnet-plain", into, **data)
    return prepare_adaptation(choice, catalog, home, told, now=dt.datetime.now(dt.UTC)).adaptation.row.id


@pytest.mark.slow
def test_a_lead_with_fewer_labels_is_measured_with_as_many_and_then_chosen(place):
    catalog, home, _ = place
    alone = Told()
    assert auto(place, alone, task="digits") == "linear-probe"
    assert (
        "hub evaluate glyph-resnet-plain --task digits --protocol screen --strategy lora --strategy full-finetune"
        in alone.notes
    )
    # At 5 labels a class full fine-tuning leads by some 6 points; with 20 the probe is above what it had there.
    measure(
        Choice(("glyph-resnet-plain",), tasks=("digits",), protocol="narrow", strategies=("full-finetune",)),
        catalog,
        home,
        Told(),
    )
    told = Told()
    assert auto(place, told, task="digits") == "full-finetune"
    assert any("undecided with 200 labels: full fine-tuning led by" in note for note in told.notes)
    assert any(note.startswith("measuring full fine-tuning with as many") for note in told.notes)
    assert any(
        note.startswith("strategy: digits, ") and "full fine-tuning on glyph-resnet-plain" in note
        for note in told.notes
    )
