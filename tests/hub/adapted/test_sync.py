"""The registry goes on showing adapted models, which have no card: sync leaves them, or puts them right."""

from __future__ import annotations

import pytest

from hub.registry.registry import CATALOG_NAME, LOG_NAME
from hub.sync import sync
from tests.fakes import FakeRegistry
from tests.hub.workshop import BASE, Workshop

NAME = "letter-router"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    made.adapt(NAME)
    return made


@pytest.fixture
def shown(workshop) -> FakeRegistry:
    registry = FakeRegistry()
    workshop.approve_base(registry)
    workshop.promote(workshop.folder / NAME, registry)
    synchronise(workshop, registry)
    registry.writes.clear()
    return registry


def synchronise(workshop, registry):
    return sync(workshop.catalog, registry, keys=workshop.keys, signer=workshop.signer)


def test_a_second_sync_writes_nothing_and_reports_no_missing_card(workshop, shown):
    synced = synchronise(workshop, shown)
    assert (synced.in_step, synced.problems) == (True, ())
    assert shown.writes == []


def test_bases_and_adapted_models_stand_in_the_list(workshop, shown):
    assert {model.name for model in shown.models() if model.listed} == {BASE, NAME}
    assert {model.name for model in shown.models()} == {BASE, NAME, LOG_NAME, CATALOG_NAME}


def test_a_change_by_hand_is_undone(workshop, shown):
    shown.set_model_tag(NAME, "hub.base", "nothing@all")
    shown.delete_alias(NAME, "approved")
    shown.describe_model(NAME, "best ever")
    found = [change.sentence for change in synchronise(workshop, shown).changes]
    assert len(found) == 3
    assert f'{NAME}: alias approved: none -> "version 1"' in found
    assert synchronise(workshop, shown).in_step


def test_an_adapted_model_leaves_the_list_with_its_base(workshop, shown):
    workshop.withdraw(shown, workshop.history(shown).records[0])
    synchronise(workshop, shown)
    model = shown.model(NAME)
    assert (model.listed, model.aliases, model.tags["status"]) == (False, {}, "base withdrawn")
    assert synchronise(workshop, shown).in_step
    workshop.approve_base(shown)
    synchronise(workshop, shown)
    assert shown.model(NAME).aliases == {"approved": 1}


def test_a_withdrawn_one_leaves_the_list(workshop, shown):
    workshop.withdraw(shown, workshop.history(shown).records[-1])
    synchronise(workshop, shown)
    model = shown.model(NAME)
    assert (model.listed, model.aliases, model.tags["status"]) == (False, {}, "withdrawn")
    assert shown.model(BASE).listed


def test_the_description_fits_the_registry(workshop, shown):
    assert len(shown.model(NAME).description) <= 5000
    assert "hub.load" in shown.model(NAME).description
    assert shown.versions(NAME)[0].tags["hub.base"].startswith(f"{BASE}@")
