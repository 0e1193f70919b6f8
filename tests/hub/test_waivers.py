"""A waiver is policy data: seen wherever the approval is seen, in the record that rests on it, void after its day."""

import dataclasses
import datetime as dt
import json
from importlib import import_module

import click
import pytest

from hub.card import Lifecycle
from hub.cli.main import COMMANDS
from hub.describe import describe_model, version_description
from hub.gate import decide
from hub.listing import facts_of
from hub.policy import NOT_WAIVABLE, Waiver
from hub.promotion_log import ApprovedTask, Record
from hub.report import decision_report
from tests import approval
from tests.approval import TODAY, card, judged, policy, result, rule, with_difference

BASELINE = "gain-over-best-baseline"
WORDS = "gain-over-best-baseline, waived until 2026-11-20 by ada: Pilot"


def waiver(expires=TODAY, **changes):
    values = {"rule": BASELINE, "model": "mini", "reason": "Pilot.", "owner": "ada", "expires": expires}
    return Waiver.model_validate({**values, **changes})


def worse():
    return with_difference(BASELINE, -0.116, -0.098, -0.080)


def waived(**changes):
    """Return a decision that approves although the rule about baselines fails."""
    return judged(rule(BASELINE, why="A base that loses to TF-IDF is only cost."), evidence=worse(),
                  waivers=(waiver(),), **changes)  # fmt: skip


def test_the_sentence_says_that_the_approval_rests_on_it():
    decision = waived()
    assert decision.verdict == "approved"
    assert decision.sentence.endswith(
        " It rests on a waiver of gain-over-best-baseline, until 2026-11-20 by ada: Pilot."
    )


def test_a_verdict_without_it_says_nothing_of_it():
    assert "waiver" not in judged().sentence
    refused = judged(rule(BASELINE), rule("no-leak"), evidence=worse())
    assert "It rests" not in refused.sentence


@pytest.mark.parametrize(("days", "verdict"), [(0, "approved"), (1, "approved"), (-1, "refused")])
def test_it_holds_on_its_last_day_and_not_after(days, verdict):
    until = TODAY + dt.timedelta(days=days)
    decision = judged(rule(BASELINE), evidence=worse(), waivers=(waiver(until),))
    assert decision.verdict == verdict
    assert (result(decision, BASELINE).waiver is not None) == (verdict == "approved")


def test_of_two_the_one_that_holds_longest_counts():
    rows = (waiver(TODAY - dt.timedelta(days=3)), waiver(TODAY + dt.timedelta(days=3), owner="bob"))
    decision = judged(rule(BASELINE), evidence=worse(), waivers=rows)
    assert result(decision, BASELINE).waiver.owner == "bob"


def test_what_passes_anyway_rests_on_no_waiver():
    decision = judged(rule(BASELINE), waivers=(waiver(),))
    assert (result(decision, BASELINE).outcome, result(decision, BASELINE).waiver) == ("pass", None)


@pytest.mark.parametrize("kind", sorted(NOT_WAIVABLE))
def test_format_lifecycle_and_personal_data_cannot_be_waived(kind):
    bad = {
        "format": {"locked": approval.lock("config.json", "pytorch_model.bin")},
        "lifecycle": {"of": card(lifecycle=Lifecycle(state="retired", since=dt.date(2026, 1, 1)))},
        "promotable-task": {"evidence": approval.with_task(promotable=False)},
    }[kind]
    decision = judged(rule(kind), waivers=(waiver(rule=kind),), **bad)
    assert decision.verdict == "refused"
    assert f"a rule of kind {kind} cannot be waived" in result(decision, kind).measured


def test_a_waiver_of_other_bytes_than_the_evidence_has_no_rule_to_name():
    decision = judged(
        rule(BASELINE), locked=approval.lock("other.safetensors"), waivers=(waiver(rule="identity"),)
    )
    assert (decision.verdict, result(decision, "identity").outcome) == ("refused", "fail")


def test_the_report_shows_it_and_why_the_rule_is_there():
    text = decision_report(waived(), worse())
    assert "waived until 2026-11-20 by ada: Pilot." in text
    assert "What these rules protect:" in text
    assert f"- {BASELINE} (waived): A base that loses to TF-IDF is only cost." in text
    assert "-9.8" in text


def test_the_report_says_why_next_to_every_rule_that_failed_and_to_no_other():
    failing = rule(BASELINE, why="A base that loses to TF-IDF is only cost.")
    text = decision_report(judged(failing, rule("no-leak", why="Memory."), evidence=worse()), worse())
    assert f"- {BASELINE} (fail): A base that loses to TF-IDF is only cost." in text
    assert "Memory." not in text


def test_the_decision_as_json_carries_it_whole():
    row = result(waived(), BASELINE).model_dump(mode="json")
    assert row["waiver"] == {
        "rule": BASELINE, "model": "mini", "reason": "Pilot.", "owner": "ada", "expires": "2026-11-20",
    }  # fmt: skip


@pytest.fixture
def waiving(office):
    """A request whose approval rests on a waiver."""
    evidence = office.evidence(
        accuracy={"majority": 0.25, "tfidf-logreg": 0.97, "from-scratch": 0.4, "linear-probe": 0.9}
    )
    rules = policy(rule(BASELINE), waivers=(waiver(),))
    decision = decide(office.card("mini"), office.lock("mini"), evidence, rules, today=TODAY)
    assert decision.verdict == "approved"
    return dataclasses.replace(office.request(evidence=evidence), decision=decision, policy=rules)


def test_the_signed_record_says_so_and_is_read_back(office, fake, waiving):
    record = office.promote(fake, waiving)
    (found,) = record.tasks[0].waivers
    assert found.words == WORDS
    assert office.history(fake).records == (record,)
    assert json.loads(record.signed_bytes)["tasks"][0]["waivers"][0]["owner"] == "ada"


def test_an_approval_that_is_carried_over_keeps_it(office, fake, waiving):
    office.promote(fake, waiving)
    second = office.promote(fake, office.request(evidence=office.evidence(task="routes")))
    assert [(row.task, len(row.waivers)) for row in second.tasks] == [("routes", 0), ("help-desk", 1)]


def test_taking_it_out_of_the_record_breaks_the_signature(office, fake, waiving):
    record = office.promote(fake, waiving)
    bare = record.model_copy(update={"tasks": (record.tasks[0].model_copy(update={"waivers": ()}),)})
    assert not office.keys.verifies(bare.signed_bytes, record.signature)


def test_a_record_without_it_has_the_bytes_that_earlier_versions_signed():
    written = json.loads(approval.record().signed_bytes)
    assert "waivers" not in written["tasks"][0]
    assert Record.model_validate_json(json.dumps(written)).signed_bytes == approval.record().signed_bytes


def test_mlflow_shows_it_on_version_and_model(office, fake, waiving):
    record = office.promote(fake, waiving)
    assert f"rests on a waiver of {WORDS}" in version_description(record)
    assert WORDS in fake.versions("mini")[0].description
    assert f"**Rests on a waiver**: {WORDS}." in describe_model(
        office.card("mini"), office.lock("mini"), record
    )
    assert WORDS in fake.model("mini").description


def test_the_words_of_a_waiver_are_no_markup_in_mlflow(office):
    row = approval.record().tasks[0]
    loud = {"rule": "licence", "owner": "@legal", "reason": "see <b>here</b> | now", "expires": "2027-01-01"}
    record = approval.record(tasks=(ApprovedTask.model_validate({**row.model_dump(), "waivers": (loud,)}),))
    for text in (version_description(record), describe_model(card(), approval.lock(), record)):
        assert "<b>" not in text
        assert " @legal" not in text


def test_hub_show_tells_it(office, fake, waiving):
    office.promote(fake, waiving)
    assert ("rests on", f"help-desk: {WORDS}") in facts_of("mini", office.catalog, office.history(fake)).facts


def test_no_command_has_an_option_that_waives():
    def options(command):
        yield from (name for parameter in command.params for name in parameter.opts)
        for sub in getattr(command, "commands", {}).values():
            yield from options(sub)

    for _, place, _ in COMMANDS.values():
        module, attribute = place.split(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        assert not [name for name in options(command) if "waiv" in name or name in ("--force", "--skip")]
