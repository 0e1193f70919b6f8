"""The registry is made to show the catalog and the log: repairs are named, a second run writes nothing."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from evaluators.errors import IntegrityError
from hub.card import Lifecycle
from hub.catalog import Catalog
from hub.registry.mlflow_log import LENGTH_TAG, RECORD_TAG, RegistryLog
from hub.registry.registry import CATALOG_NAME, LOG_NAME, OWNED, NewVersion
from hub.sync import sync
from tests.hub.office import state_of


@pytest.fixture
def shown(office, fake):
    """A registry that shows one promoted model."""
    office.promote(fake)
    synchronise(office, fake)
    fake.writes.clear()
    return fake


def synchronise(office, registry, *, catalog: Catalog | None = None, plan_only: bool = False):
    return sync(
        catalog or office.catalog,
        registry,
        keys=office.keys,
        signer=office.signer,
        plan_only=plan_only,
        tell=office.told.append,
    )


def sentences(synced) -> list[str]:
    return [change.sentence for change in synced.changes]


def test_after_a_promotion_only_the_catalog_is_left_to_publish(office, fake):
    office.promote(fake)
    synced = synchronise(office, fake)
    assert (synced.changes, synced.published, synced.problems) == ((), True, ())


def test_a_second_run_writes_nothing(office, shown):
    assert synchronise(office, shown).in_step
    assert shown.writes == []


def test_only_approved_bases_stand_in_the_list(office, shown):
    listed = [model.name for model in shown.models() if model.listed]
    assert listed == ["mini"]
    assert {model.name for model in shown.models()} == {"mini", LOG_NAME, CATALOG_NAME}


def edit_tag(registry):
    registry.set_model_tag("mini", "status", "champion of the world")


def remove_tag(registry):
    registry.delete_model_tag("mini", "score")


def add_tag(registry):
    registry.set_model_tag("mini", "gate", "passed")


def edit_description(registry):
    registry.describe_model("mini", "best model ever")


def edit_version(registry):
    registry.describe_version("mini", 1, "use this")


def edit_version_tag(registry):
    registry.set_version_tag("mini", 1, "hub.digest", "0" * 64)


def add_alias(registry):
    registry.set_alias("mini", "champion", 1)


def remove_alias(registry):
    registry.delete_alias("mini", "approved")


def unlist(registry):
    registry.list_model("mini", listed=False)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (edit_tag, 'mini: tag status: "champion of the world" -> "approved"'),
        (remove_tag, "mini: tag score: none -> "),
        (add_tag, 'mini: tag gate: "passed" -> none'),
        (edit_description, 'mini: description: "best model ever" -> '),
        (edit_version, 'mini version 1: description: "use this" -> "approved: help-desk"'),
        (edit_version_tag, "mini version 1: tag hub.digest"),
        (add_alias, 'mini: alias champion: "version 1" -> none'),
        (remove_alias, 'mini: alias approved: none -> "version 1"'),
        (unlist, "mini: show in the list of models"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_by_hand_is_reported_and_undone(office, shown, edit, sentence):
    before = state_of(shown)
    edit(shown)
    planned = synchronise(office, shown, plan_only=True)
    assert len(planned.changes) == 1
    assert sentences(planned)[0].startswith(sentence)
    assert not planned.applied
    assert sentences(synchronise(office, shown)) == sentences(planned)
    assert state_of(shown)["mini"].tags == before["mini"].tags
    assert state_of(shown)["mini"].aliases == before["mini"].aliases
    assert synchronise(office, shown).in_step


def test_an_alias_that_was_moved_to_another_version_is_put_back(office, shown, tmp_path):
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "MLmodel").write_text("evil")
    shown.create_version(NewVersion("mini", tmp_path / "evil"))
    shown.set_alias("mini", "approved", 2)
    synced = synchronise(office, shown)
    assert 'mini: alias approved: "version 2" -> "version 1"' in sentences(synced)
    assert shown.model("mini").aliases == {"approved": 1}
    assert shown.versions("mini")[1].description.startswith("not approved")


def test_foreign_models_are_never_touched(office, shown):
    shown.create_model("theirs", description="x", tags={"status": "approved"})
    shown.create_model("other", description="x", tags={})
    before = {name: state_of(shown)[name] for name in ("theirs", "other")}
    assert synchronise(office, shown).changes == ()
    assert {name: state_of(shown)[name] for name in ("theirs", "other")} == before


def test_what_a_promotion_that_was_killed_left_behind_is_not_shown(office, shown):
    shown.create_model("other", description="", tags={OWNED: "true"}, listed=True)
    assert sentences(synchronise(office, shown)) == ["other: take out of the list of models"]


def test_a_deprecated_model_is_listed_as_such_and_a_retired_one_is_not(office, shown):
    catalog = office.catalog
    for state, listed in (("deprecated", True), ("retired", False)):
        lifecycle = Lifecycle(state=state, since=dt.date(2026, 11, 1), replacement="other")
        card = catalog.cards["mini"].model_copy(update={"lifecycle": lifecycle})
        synchronise(
            office, shown, catalog=Catalog(catalog.folder, {**catalog.cards, "mini": card}, catalog.locks)
        )
        model = shown.model("mini")
        assert (model.listed, model.tags["status"]) == (listed, state)
    assert model.aliases == {}


def test_a_withdrawn_model_leaves_the_list_and_loses_its_alias(office, shown):
    history = office.history(shown)
    update = {
        "sequence": history.next_number,
        "previous": history.head,
        "action": "withdraw",
        "reason": "licence revoked",
        "signature": None,
    }
    record = history.records[-1].model_copy(update=update)
    signed = record.model_copy(update={"signature": office.signer.sign(record.signed_bytes)})
    RegistryLog(shown).append(signed, signed.sequence)
    synced = synchronise(office, shown)
    assert sentences(synced)[0] == 'mini: alias approved: "version 1" -> none'
    model = shown.model("mini")
    assert (model.listed, model.aliases, model.tags["status"]) == (False, {}, "withdrawn")
    assert synchronise(office, shown).in_step


def test_a_model_without_a_card_keeps_its_description_and_is_reported(office, shown):
    catalog = office.catalog
    without = Catalog(catalog.folder, {}, {})
    synced = synchronise(office, shown, catalog=without)
    assert synced.changes == ()
    assert synced.problems == (
        "mini is in the promotion log, but has no locked card in this catalog: left as described",
    )


def test_what_was_deleted_by_hand_is_reported(office, shown):
    shown.drop_version("mini", 1)
    assert synchronise(office, shown).problems == ("mini: version 1 was deleted; promote it again",)
    shown.delete_model("mini")
    assert synchronise(office, shown).problems == (
        "mini: its registered model was deleted; promote it again",
    )


def test_a_record_that_was_altered_takes_its_model_out_of_the_list(office, shown):
    text = shown.versions(LOG_NAME)[0].tags[RECORD_TAG]
    shown.set_version_tag(LOG_NAME, 1, RECORD_TAG, text.replace("help-desk", "everything"))
    synced = synchronise(office, shown)
    assert "entry 1 is not signed by a key that this machine trusts" in synced.problems[0]
    assert shown.model("mini").aliases == {}
    assert not shown.model("mini").listed


def test_a_machine_that_does_not_know_an_approver_changes_nothing(office, shown):
    from tests.hub.office import signer_of, trusting

    stranger = signer_of("new-machine")
    with pytest.raises(IntegrityError, match="keys that this machine does not trust"):
        sync(office.catalog, shown, keys=trusting(stranger), signer=stranger)
    assert shown.writes == []


@pytest.mark.parametrize("plan_only", [True, False])
def test_a_record_that_another_version_wrote_takes_nothing_down(office, shown, plan_only):
    value = json.loads(shown.versions(LOG_NAME)[0].tags[RECORD_TAG])
    value["schema_version"], value["something-new"] = 2, True
    shown.set_version_tag(LOG_NAME, 1, RECORD_TAG, json.dumps(value))
    before = len(shown.writes)
    with pytest.raises(IntegrityError, match="another version of this program wrote it"):
        sync(office.catalog, shown, keys=office.keys, signer=office.signer, plan_only=plan_only)
    assert len(shown.writes) == before
    assert shown.model("mini").aliases == {"approved": 1}


def test_the_removal_of_the_last_record_is_noticed(office, shown):
    assert shown.model(LOG_NAME).tags[LENGTH_TAG] == "1"
    shown.drop_version(LOG_NAME, 1)
    assert synchronise(office, shown).problems == ("entry 1 cannot be read as a record",)


def test_killed_before_any_write_and_run_again_the_end_state_is_the_same(office, shown):
    from tests.fakes import Killed

    edits = (edit_tag, remove_alias, edit_description, unlist, edit_version, add_tag, add_alias)
    whole = state_of(shown)
    for kill_at in range(8):
        for edit in edits:
            edit(shown)
        shown.writes.clear()
        shown.kill_at = kill_at
        try:
            synchronise(office, shown)
        except Killed:
            shown.kill_at = -1
            synchronise(office, shown)
        shown.kill_at = -1
        assert state_of(shown)["mini"] == whole["mini"]
