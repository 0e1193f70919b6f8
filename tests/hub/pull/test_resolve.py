"""Authority is the signed record; the alias is only cross-checked."""

import datetime as dt

import pytest

from evaluators.errors import GateRefused, IntegrityError, UsageProblem
from hub.card import Lifecycle
from hub.promotion_log import Entry, read_history
from hub.reference import parse_reference
from hub.resolve import resolve
from tests.hub.pull.conftest import trusting


def resolved(shelf, text="minilm", *, aliases="live", lifecycle=None, history=None):
    reference = parse_reference(text)
    live = shelf.aliases.get(reference.name, {}) if aliases == "live" else aliases
    return resolve(
        reference, history or shelf.history(), aliases=live, policy_alias="approved", lifecycle=lifecycle
    )


@pytest.fixture
def two(shelf, first, second):
    """`minilm` versions 1 and 2 are promoted, 2 is approved."""
    shelf.promote("minilm", first)
    shelf.promote("minilm", second)
    return shelf


@pytest.mark.parametrize(
    ("text", "version"), [("minilm", 2), ("minilm@approved", 2), ("minilm:1", 1), ("minilm:2", 2)]
)
def test_each_form_names_its_promotion(two, text, version):
    found = resolved(two, text)
    assert (found.record.version, found.warnings) == (version, ())


def test_an_alias_that_no_signed_record_backs_is_refused_with_the_last_valid_version(two):
    two.aliases["minilm"]["approved"] = 7
    with pytest.raises(IntegrityError) as caught:
        resolved(two, "minilm@approved")
    assert (
        caught.value.message
        == "alias approved of minilm points at version 7, which no signed promotion backs"
    )
    assert "the last version that one backs is 2" in caught.value.hint
    assert "hub pull minilm:2" in caught.value.hint


def test_an_alias_of_a_model_that_was_never_promoted_is_refused(two):
    two.aliases["sneaky"] = {"approved": 1}
    with pytest.raises(
        IntegrityError, match="sneaky points at version 1, which no signed promotion backs"
    ) as caught:
        resolved(two, "sneaky@approved")
    assert "set by hand" in caught.value.hint


def test_an_alias_that_was_moved_back_by_hand_is_refused_naming_both(two):
    two.aliases["minilm"]["approved"] = 1
    with pytest.raises(
        IntegrityError, match=r"points at version 1, but the newest signed promotion is version 2"
    ):
        resolved(two, "minilm@approved")


@pytest.mark.parametrize("shown", [{"approved": 7}, {"approved": 1}, {}])
def test_the_name_alone_is_the_newest_promotion_wherever_the_alias_is(two, shown):
    found = resolved(two, aliases=shown)
    assert found.record.version == 2
    assert "version 2, is what counts" in found.warnings[0]


def test_an_alias_that_was_deleted_is_refused_by_alias(two):
    with pytest.raises(IntegrityError, match="is gone from the registry"):
        resolved(two, "minilm@approved", aliases={})


def test_where_aliases_cannot_be_asked_the_records_answer(two):
    assert resolved(two, "minilm@approved", aliases=None).record.version == 2
    assert resolved(two, "minilm", aliases=None).warnings == ()


def test_the_name_alone_never_means_another_alias(shelf, first, second):
    shelf.promote("minilm", first)
    shelf.promote("minilm", second, alias="trial")
    assert resolved(shelf).record.version == 1
    assert resolved(shelf, "minilm@trial").record.version == 2


def test_a_model_that_is_only_on_trial_is_not_approved(shelf, first):
    shelf.promote("minilm", first, alias="trial")
    with pytest.raises(GateRefused, match="minilm is not approved: it was promoted as trial only") as caught:
        resolved(shelf)
    assert "hub pull minilm@trial" in caught.value.hint


@pytest.mark.parametrize(("text", "near"), [("minilmm", "minilm"), ("minilm@aproved", "approved")])
def test_an_unknown_name_is_answered_with_the_nearest(two, text, near):
    with pytest.raises(UsageProblem) as caught:
        resolved(two, text)
    assert near in caught.value.hint


def test_a_version_that_was_never_promoted_is_refused(two):
    with pytest.raises(IntegrityError, match="no signed promotion backs minilm version 9"):
        resolved(two, "minilm:9")


@pytest.mark.parametrize("text", ["minilm", "minilm@approved", "minilm:2"])
def test_what_was_withdrawn_is_refused_however_it_is_named(two, text):
    two.withdraw("minilm", 2)
    with pytest.raises(
        GateRefused, match=r"version 2 was withdrawn on 2026-04-01 by ana@example\.org: licence revoked"
    ) as e:
        resolved(two, text)
    assert e.value.hint == "version 1 still stands: hub pull minilm:1"


def test_withdrawing_an_old_version_leaves_the_new_one(two):
    two.withdraw("minilm", 1)
    assert resolved(two).record.version == 2
    with pytest.raises(GateRefused, match="version 1 was withdrawn"):
        resolved(two, "minilm:1")


def test_promoting_again_after_a_withdrawal_stands(two, second):
    two.withdraw("minilm", 2)
    two.promote("minilm", second)
    assert resolved(two).record.version == 3
    with pytest.raises(GateRefused):
        resolved(two, "minilm:2")


def test_withdrawing_the_only_version_leaves_nothing(shelf, first):
    shelf.promote("minilm", first)
    shelf.withdraw("minilm", 1)
    with pytest.raises(GateRefused) as caught:
        resolved(shelf)
    assert "no version of minilm is approved now" in caught.value.hint


def test_records_of_an_unknown_key_are_not_a_misspelt_name(two, stranger):
    with pytest.raises(IntegrityError, match="no promotion of minilm that this machine can trust") as caught:
        resolved(two, history=two.history(stranger))
    assert "hub trust add" in caught.value.hint


def test_a_record_that_was_altered_does_not_count_and_leaves_what_is_now_unknown(two):
    two.log[1] = two.log[1].model_copy(update={"version": 1})
    for text in ("minilm", "minilm@approved"):
        with pytest.raises(IntegrityError, match="what is approved as minilm now cannot be told") as caught:
            resolved(two, text, aliases=None)
        assert "hub pull minilm:1" in caught.value.hint
    with pytest.raises(IntegrityError, match="no signed promotion backs minilm version 2"):
        resolved(two, "minilm:2")


def test_a_withdrawal_that_was_removed_does_not_bring_the_version_back(two):
    two.withdraw("minilm", 2)
    altered = [*two.entries()[:2], Entry(3, None)]
    history = read_history(altered, trusting(two.signer))
    with pytest.raises(IntegrityError, match="entry 3 cannot be read"):
        resolved(two, history=history)
    found = resolved(two, "minilm:2", history=history)
    assert "a withdrawal may be missing" in found.warnings[0]


def test_a_problem_before_a_later_valid_record_changes_nothing(two):
    history = read_history([*two.entries()[:1], Entry(2, None)], trusting(two.signer))
    later = two.log[1].model_copy(update={"sequence": 3, "previous": history.head, "signature": None})
    entries = [Entry(1, two.log[0]), Entry(2, None), Entry(3, two.signed(later))]
    assert resolved(two, history=read_history(entries, trusting(two.signer))).record.sequence == 3


def lifecycle(state, **more):
    return Lifecycle(state=state, since=dt.date(2026, 1, 2), **more)


def test_a_deprecated_card_warns_and_names_its_replacement(two):
    found = resolved(
        two, lifecycle=lifecycle("deprecated", replacement="e5-small", retires=dt.date(2026, 9, 1))
    )
    assert found.warnings == (
        "minilm is deprecated since 2026-01-02, retires on 2026-09-01: use e5-small instead",
    )


@pytest.mark.parametrize("state", ["retired", "proposed"])
def test_a_retired_or_proposed_card_is_refused(two, state):
    with pytest.raises(GateRefused, match=f"minilm is {state}") as caught:
        resolved(two, lifecycle=lifecycle(state, replacement="e5-small"))
    assert caught.value.hint == "use e5-small instead"


def test_an_active_card_says_nothing(two):
    assert resolved(two, lifecycle=lifecycle("active")).warnings == ()
