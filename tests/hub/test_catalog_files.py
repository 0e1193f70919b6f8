"""The catalog of this repository, one test a file: continuous integration says which card is wrong, and why."""

import datetime as dt
from pathlib import Path

import pytest

from evaluators.strategy import STRATEGIES
from hub.catalog import load_catalog
from hub.catalog_check import check_catalog

CATALOG = Path(__file__).parents[2] / "catalog"
RESULTS = check_catalog(CATALOG, today=dt.date(2026, 11, 21))


@pytest.mark.parametrize("result", RESULTS, ids=[result.file for result in RESULTS])
def test_the_file_may_be_merged(result):
    assert result.ok, f"{result.message}\nhint: {result.hint}"


def test_there_is_something_of_everything():
    catalog = load_catalog(CATALOG)
    assert {"quick", "standard", "ladder", "mteb-8shot"} <= set(catalog.protocols)
    assert {"help-desk", "digits", "banking77", "cifar10-sample"} <= set(catalog.tasks)
    assert "default" in catalog.policies
    assert {card.modality for card in catalog.cards.values()} == {"text", "image"}
    assert len(catalog.cards) >= 14


def test_no_protocol_trains_the_floor_from_scratch_for_less_than_its_row_says():
    for protocol in load_catalog(CATALOG).protocols.values():
        assert "from-scratch" not in protocol.settings


@pytest.mark.parametrize("name", ["all-minilm-l6-v2", "glyph-resnet", "glyph-resnet-plain"])
def test_what_needs_no_hub_is_locked(name):
    catalog = load_catalog(CATALOG)
    assert catalog.card(name).lifecycle.state == "active"
    assert catalog.locks[name].structure.parameters == catalog.card(name).parameters


@pytest.mark.parametrize(
    "name", [name for name, card in load_catalog(CATALOG).cards.items() if card.lifecycle.state == "proposed"]
)
def test_a_proposed_card_pins_only_what_was_read(name):
    catalog = load_catalog(CATALOG)
    pinned = [mirror for mirror in catalog.card(name).mirrors if getattr(mirror, "revision", None)]
    assert not pinned or name in catalog.locks


def test_the_weights_of_the_real_encoder_are_the_published_ones():
    weights = {entry.path: entry.sha256 for entry in load_catalog(CATALOG).locks["all-minilm-l6-v2"].files}
    published = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert weights["model.safetensors"] == published


def test_the_protocol_of_the_whole_ladder_names_every_row_in_its_order():
    assert load_catalog(CATALOG).protocols["ladder"].strategies == tuple(row.id for row in STRATEGIES)


def test_the_standard_protocol_has_something_of_every_rung():
    named = load_catalog(CATALOG).protocols["standard"].strategies
    assert {row.tier for row in STRATEGIES} == {row.tier for row in STRATEGIES if row.id in named}
