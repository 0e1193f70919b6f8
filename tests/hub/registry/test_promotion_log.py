"""The promotion log on every registry: one order for all writers, and every change to it shows."""

from __future__ import annotations

import threading

import pytest

from evaluators.errors import Conflict, InvalidDocument
from hub.promotion_log import GENESIS, Record, backing, read_history
from hub.registry.mlflow_log import LENGTH_TAG, MAX_RECORD, RECORD_TAG, VOID_TAG, LogReader, RegistryLog
from hub.registry.registry import LOG_NAME, NewVersion, Registry
from tests import approval
from tests.hub.office import signer_of, trusting

SIGNER = signer_of("ana@example.org")
KEYS = trusting(SIGNER)


@pytest.fixture
def empty(registry) -> Registry:
    """A registry whose log starts anew: the stores are shared between tests."""
    if registry.model(LOG_NAME) is not None:
        registry.delete_model(LOG_NAME)
    return registry


def history(registry):
    return read_history(LogReader(registry).entries(), KEYS)


def next_record(registry, *, signer=SIGNER, **changes) -> Record:
    now = history(registry)
    made = approval.record(sequence=now.next_number, previous=now.head, **changes)
    return made.model_copy(update={"signature": signer.sign(made.signed_bytes)}) if signer else made


def append(registry, **changes) -> Record:
    made = next_record(registry, **changes)
    RegistryLog(registry).append(made, made.sequence)
    return made


def test_records_are_read_in_the_order_in_which_they_were_appended(empty):
    first = append(empty, model="one", version=1)
    second = append(empty, model="two", version=1)
    found = history(empty)
    assert (found.records, found.problems, found.next_number) == ((first, second), (), 3)
    assert (first.previous, second.previous) == (GENESIS, first.digest)


def test_the_log_does_not_stand_in_the_list_of_models_and_is_a_page_to_read(empty):
    append(empty)
    assert not empty.model(LOG_NAME).listed
    page = empty.versions(LOG_NAME)[0].description
    assert page.startswith("# mini version 2 promoted as approved")
    assert "Better than TF-IDF at every size." in page


def test_the_second_of_two_writers_is_told_and_leaves_a_void_version(empty):
    mine, theirs = next_record(empty, model="mine"), next_record(empty, model="theirs")
    RegistryLog(empty).append(theirs, theirs.sequence)
    with pytest.raises(Conflict, match="somebody else promoted at the same time"):
        RegistryLog(empty).append(mine, mine.sequence)
    found = history(empty)
    assert ([record.model for record in found.records], found.problems) == (["theirs"], ())
    assert empty.versions(LOG_NAME)[1].tags[VOID_TAG] == "lost the race for number 1"
    assert append(empty, model="mine").sequence == 3


def test_writers_at_once_give_one_order(empty):
    RegistryLog(empty).append(next_record(empty), 1)
    rivals = [next_record(empty, model=f"model-{index}") for index in range(4)]
    outcomes: list[str] = []

    def write(record: Record) -> None:
        try:
            RegistryLog(empty).append(record, record.sequence)
            outcomes.append(record.model)
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=write, args=(record,)) for record in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("conflict") == 3
    found = history(empty)
    winner = next(outcome for outcome in outcomes if outcome != "conflict")
    assert ([record.model for record in found.records], found.problems) == (["mini", winner], ())


def test_an_altered_record_does_not_count_and_is_named(empty):
    append(empty)
    text = empty.versions(LOG_NAME)[0].tags[RECORD_TAG]
    empty.set_version_tag(LOG_NAME, 1, RECORD_TAG, text.replace("help-desk", "everything"))
    found = history(empty)
    assert found.records == ()
    assert "not signed by a key that this machine trusts" in found.problems[0]
    assert found.doubtful


def test_a_record_in_the_middle_cannot_be_exchanged_for_another_valid_one(empty):
    first = append(empty, model="one")
    append(empty, model="two")
    empty.set_version_tag(LOG_NAME, 2, RECORD_TAG, first.model_dump_json())
    append(empty, model="three")
    assert [record.model for record in history(empty).records] == ["one", "three"]


@pytest.mark.parametrize("signer", [None, signer_of("mallory")], ids=["unsigned", "unknown-key"])
def test_an_unsigned_record_or_one_by_an_unknown_key_does_not_count(empty, signer):
    append(empty, signer=signer)
    found = history(empty)
    assert found.records == ()
    assert len(found.problems) == 1


def test_what_is_no_record_is_a_problem_until_somebody_voids_it(empty):
    append(empty)
    empty.create_version(NewVersion(LOG_NAME, None, {}, "made by hand in the UI"))
    assert history(empty).problems == ("entry 2 cannot be read as a record",)
    empty.set_version_tag(LOG_NAME, 2, VOID_TAG, "made by hand")
    assert history(empty).problems == ()


def test_a_deleted_record_is_noticed_also_at_the_end(empty, drop):
    append(empty, model="one")
    append(empty, model="two")
    empty.set_model_tag(LOG_NAME, LENGTH_TAG, "2")
    drop(empty, LOG_NAME, 2)
    found = history(empty)
    assert ([record.model for record in found.records], found.doubtful) == (["one"], True)
    assert found.problems == ("entry 2 cannot be read as a record",)
    assert append(empty, model="three").sequence == 3


def test_a_length_that_somebody_made_up_costs_nothing(empty):
    append(empty)
    empty.set_model_tag(LOG_NAME, LENGTH_TAG, "9" * 18)
    assert len(history(empty).records) == 1


def test_voiding_cannot_hide_a_record(empty):
    record = append(empty)
    empty.set_version_tag(LOG_NAME, 1, VOID_TAG, "ignore me")
    assert history(empty).records == (record,)


def test_a_record_that_is_too_large_is_refused_before_anything_is_written(empty):
    record = next_record(empty, reason="x" * MAX_RECORD)
    with pytest.raises(InvalidDocument, match="100,000"):
        RegistryLog(empty).append(record, record.sequence)
    assert empty.model(LOG_NAME) is None


def test_a_request_that_was_sent_twice_is_one_record(empty):
    record = append(empty)
    RegistryLog(empty).append(record, 1)
    assert history(empty).records == (record,)


def test_the_log_is_read_over_rest_as_well(both):
    registry, reader = both
    if registry.model(LOG_NAME) is not None:
        registry.delete_model(LOG_NAME)
    record = append(registry, version=7)
    found = read_history(LogReader(reader).entries(), KEYS)
    assert backing(found, "mini", 7) == record
