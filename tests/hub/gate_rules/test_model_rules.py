"""Rules about the model itself: every outcome of every kind."""

import datetime as dt

import pytest

from evaluators.candidate import TextInput
from hub.card import Licence, Lifecycle
from tests.approval import card, computed_in, judged, lock, result, rule, with_observations, world
from tests.synthetic import evidence


def outcome(kind, of=None, locked=None, evidence=None, **fields):
    found = result(judged(rule(kind, **fields), of=of, locked=locked, evidence=evidence), kind)
    assert found.required
    assert found.measured
    return found


def licensed(spdx, use):
    return card(licence=Licence(spdx=spdx, use=use, source="https://example.org"))


def test_licence_passes_by_its_use_class():
    assert outcome("licence", allow=("any",)).outcome == "pass"


def test_licence_passes_by_its_spdx_id():
    found = outcome(
        "licence", of=licensed("LicenseRef-bought", "research-only"), allow=("LicenseRef-bought",)
    )
    assert found.outcome == "pass"


def test_licence_fails_when_its_use_is_not_allowed():
    found = outcome("licence", of=licensed("CC-BY-NC-4.0", "non-commercial"), allow=("any",))
    assert (found.outcome, found.measured) == ("fail", "CC-BY-NC-4.0, use: non-commercial")


def test_format_passes_for_safetensors():
    assert outcome("format").outcome == "pass"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "head.pkl", "modeling_mini.py"])
def test_format_fails_for_pickles_and_code(name):
    locked = lock("config.json", "model.safetensors", name)
    assert outcome("format", locked=locked).outcome == "fail"


def test_format_fails_without_weights():
    assert outcome("format", locked=lock("config.json")).outcome == "fail"


def test_lifecycle_passes_for_an_active_card():
    assert outcome("lifecycle").outcome == "pass"


def test_lifecycle_fails_for_a_proposed_card():
    assert outcome("lifecycle", of=card(lifecycle=Lifecycle(state="proposed"))).outcome == "fail"


def test_lifecycle_fails_when_the_review_is_overdue():
    found = outcome("lifecycle", of=card(review_by=dt.date(2026, 11, 19)))
    assert (found.outcome, found.measured) == ("fail", "active, review was due 2026-11-19")


def test_measured_on_passes_on_an_allowed_device():
    assert outcome("measured-on", allow=("cpu",)).outcome == "pass"


def test_measured_on_fails_on_another_device():
    assert outcome("measured-on", allow=("cuda",)).outcome == "fail"


def test_measured_on_fails_with_uncommitted_changes():
    assert outcome("measured-on", evidence=computed_in(dirty=True), allow=("clean",)).outcome == "fail"


def test_measured_on_is_insufficient_without_a_commit():
    found = outcome("measured-on", evidence=computed_in(commit=None, dirty=None), allow=("clean",))
    assert found.outcome == "insufficient evidence"


def test_measured_on_is_insufficient_when_no_cost_was_recorded():
    assert outcome("measured-on", evidence=with_observations(costs=()), allow=("cpu",)).settles


def test_measured_on_does_not_apply_when_no_device_is_named():
    assert outcome("measured-on").outcome == "not applicable"


def test_identity_fails_when_the_evidence_is_about_other_bytes():
    decision = judged(rule("format"), locked=lock("model.safetensors"))
    assert result(decision, "identity").outcome == "fail"
    assert decision.verdict == "refused"


def test_identity_fails_when_the_card_changed_how_inputs_are_read():
    decision = judged(of=card(input=TextInput(max_tokens=64, pooling="mean")))
    assert "another way" in result(decision, "identity").measured
    assert decision.verdict == "refused"


def test_identity_is_insufficient_when_the_model_was_not_measured():
    other = evidence(world(candidate="other", runs=2, items=40, sizes=(2,)))
    decision = judged(evidence=other)
    assert result(decision, "identity").settles == "hub evaluate mini"
    assert decision.verdict == "insufficient evidence"
