"""From rules to a verdict: what decides, what is waived, what holds under every policy."""

import datetime as dt
import typing

import pytest

from evaluators.evidence import evidence_from_json, evidence_to_json
from hub.card import Contamination, Licence
from hub.gate import MODEL_RULES, TASK_RULES, decide
from hub.policy import RuleKind, Waiver
from tests import synthetic
from tests.approval import (
    TODAY,
    card,
    good_evidence,
    judged,
    lock,
    policy,
    result,
    rule,
    with_comparisons,
    with_difference,
    with_task,
    world,
)

BASELINE = "gain-over-best-baseline"


def waiver(expires, **changes):
    values = {"rule": BASELINE, "model": "mini", "reason": "Pilot.", "owner": "ada", "expires": expires}
    return Waiver.model_validate({**values, **changes})


def worse():
    return with_difference(BASELINE, -0.116, -0.098, -0.080)


def two_tasks():
    """Evidence on two tasks: the base is good for help-desk and worse than the baseline on digits."""
    good = good_evidence()
    bad = synthetic.evidence(
        world(task="digits", accuracy={**synthetic.TEXT_LADDER, "tfidf-logreg": 0.97}, runs=3)
    )
    return good.model_copy(
        update={
            "findings": good.findings.model_copy(
                update={
                    name: getattr(good.findings, name) + getattr(bad.findings, name)
                    for name in (
                        "tasks",
                        "cells",
                        "summaries",
                        "comparisons",
                        "diagnostics",
                        "recommendations",
                    )
                }
            )
        }
    )


def test_every_rule_kind_is_in_exactly_one_table():
    assert sorted([*MODEL_RULES, *TASK_RULES]) == sorted(typing.get_args(RuleKind))


def test_good_evidence_is_approved_with_its_numbers():
    decision = judged()
    assert decision.verdict == "approved"
    assert decision.sentence.startswith(
        "mini is approved for help-desk: linear probe 90.2 [89.4, 91.0] accuracy"
    )
    assert "over TF-IDF + logistic regression" in decision.sentence
    assert decision.tasks[0].score == "90.2 [89.4, 91.0] accuracy, 32 labels, 5 runs"


def test_negative_transfer_is_refused_and_named():
    decision = judged(rule(BASELINE), evidence=worse())
    assert decision.verdict == "refused"
    assert decision.sentence == (
        "mini is refused for help-desk: linear probe is 9.8 [8.0, 11.6] points below TF-IDF + logistic "
        "regression at 2 labels a class: negative transfer."
    )


def test_gain_inside_the_noise_does_not_suffice():
    decision = judged(
        rule(BASELINE), evidence=with_difference(BASELINE, -0.002, 0.008, 0.018, detectable=0.011)
    )
    assert decision.verdict == "insufficient evidence"
    assert decision.sentence.endswith(
        "is inside the noise; about 3 more runs (0.7 s) would detect 0.8 points."
    )


def test_approved_for_one_task_and_refused_for_another():
    decision = judged(rule(BASELINE), evidence=two_tasks())
    assert decision.verdict == "approved"
    assert [row.task for row in decision.approved_tasks] == ["help-desk"]
    assert "is approved for help-desk" in decision.sentence
    assert "is refused for digits" in decision.sentence


def test_refused_when_a_rule_about_the_model_fails_though_its_scores_suffice():
    nc = card(licence=Licence(spdx="CC-BY-NC-4.0", use="non-commercial", source="https://example.org"))
    decision = judged(of=nc)
    assert decision.verdict == "refused"
    assert not decision.approved_tasks
    assert (
        decision.sentence
        == "mini is refused: licence: CC-BY-NC-4.0, use: non-commercial (required: one of: any)."
    )


def test_waiver_that_holds_lifts_a_failure_and_is_shown():
    decision = judged(rule(BASELINE), evidence=worse(), waivers=(waiver(TODAY),))
    found = result(decision, BASELINE)
    assert (decision.verdict, found.outcome) == ("approved", "waived")
    assert "waived until 2026-11-20 by ada: Pilot." in found.measured
    assert "-9.8" in found.measured


def test_waiver_is_void_after_its_day():
    expired = waiver(TODAY - dt.timedelta(days=1))
    decision = judged(rule(BASELINE), evidence=worse(), waivers=(expired,))
    assert decision.verdict == "refused"
    assert "the waiver expired 2026-11-19" in result(decision, BASELINE).measured


@pytest.mark.parametrize(
    "changes", [{"model": "other"}, {"rule": "licence"}], ids=["other model", "other rule"]
)
def test_waiver_for_something_else_lifts_nothing(changes):
    decision = judged(rule(BASELINE), evidence=worse(), waivers=(waiver(TODAY, **changes),))
    assert decision.verdict == "refused"


def test_rule_that_is_not_required_is_shown_and_does_not_decide():
    decision = judged(rule(BASELINE, required=False), evidence=worse())
    assert (decision.verdict, result(decision, BASELINE).outcome) == ("approved", "fail")


def test_rule_that_is_switched_off_says_so():
    found = result(judged(rule(BASELINE, enabled=False), evidence=worse()), BASELINE)
    assert (found.outcome, found.measured) == ("not applicable", "the policy switched this rule off")


def test_approvals_are_counted_by_person():
    arguments = (card(), lock(), good_evidence(), policy(approvals_needed=2))
    once = decide(*arguments, approvals=("ada", "ada"), today=TODAY)
    assert once.verdict == "insufficient evidence"
    assert "its scores suffice for help-desk" in once.sentence
    assert not once.approved_tasks
    assert decide(*arguments, approvals=("ada", "bob"), today=TODAY).verdict == "approved"


def test_personal_task_approves_nothing_under_any_policy():
    everything = waiver(TODAY, rule="promotable-task")
    decision = judged(rule("promotable-task"), evidence=with_task(promotable=False), waivers=(everything,))
    assert decision.verdict == "refused"


def test_policy_without_rules_does_not_approve_what_was_not_scored():
    failed = frozenset((name, 0, 0) for name in ("knn", "linear-probe", "lora", "full-finetune"))
    lost = synthetic.evidence(world(failed=failed, runs=2, items=40))
    decision = judged(rule("format", enabled=False), evidence=lost)
    assert decision.verdict == "insufficient evidence"


def test_known_contamination_is_a_note_and_no_failure():
    seen = card(contamination=(Contamination(task="help-desk", reason="Its recipe was tuned on it."),))
    decision = judged(of=seen)
    assert decision.verdict == "approved"
    found = result(decision, "contamination")
    assert (found.outcome, found.decisive) == ("not applicable", False)
    assert found.measured == "known contamination: Its recipe was tuned on it."


def test_deciding_again_from_the_stored_documents_gives_the_same_bytes():
    stored = evidence_from_json(evidence_to_json(good_evidence()), where="a test")
    first = judged(waivers=(waiver(TODAY),)).model_dump_json()
    assert judged(evidence=stored, waivers=(waiver(TODAY),)).model_dump_json() == first


def test_decision_cites_the_digests_of_both_halves():
    decision = judged()
    assert decision.findings_digest == good_evidence().findings.digest
    assert decision.observations_digest == good_evidence().observations.digest


def test_missing_comparisons_never_approve():
    assert judged(evidence=with_comparisons(lambda _: None)).verdict == "insufficient evidence"
