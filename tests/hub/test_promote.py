"""A promotion: what it refuses, what it leaves, and that it may be killed anywhere."""

from __future__ import annotations

import dataclasses

import pytest

from evaluators.errors import Conflict, GateRefused, IntegrityError, UsageProblem
from hub.promotion_log import GENESIS, History, incumbent
from hub.promotion_request import record_of
from hub.registry.mlflow_log import RECORD_TAG, RegistryLog
from hub.registry.registry import LOG_NAME, OWNED
from hub.shown import DIGEST_TAG
from tests import approval, synthetic
from tests.fakes import FakeRegistry, Killed
from tests.hub.office import Office, signer_of, state_of, trusting


def test_a_promotion_is_a_signed_record_and_what_shows_it(office, fake):
    record = office.promote(fake)
    assert (record.sequence, record.previous, record.version) == (1, GENESIS, 1)
    assert record.model_digest == office.lock("mini").digest
    assert record.tasks[0].task_digest == office.evidence().findings.tasks[0].digest
    assert office.history(fake).records == (record,)
    model = fake.model("mini")
    assert model.listed
    assert model.aliases == {"approved": 1}
    assert list(model.tags)[:3] == ["status", "task", "score"]
    assert model.tags["status"] == "approved"
    assert fake.versions("mini")[0].description.startswith("approved: help-desk")
    assert b"".join(fake.artifact("mini", 1, "model/model.safetensors")) == b"weights of mini"


def test_the_alias_is_the_last_write_and_the_record_comes_before_the_list(office, fake):
    office.promote(fake)
    verbs = [write.partition(" ")[0] for write in fake.writes]
    assert verbs[-1] == "set_alias"
    assert fake.writes.index(f"create_version {LOG_NAME}") < fake.writes.index("list_model mini")


def test_promoting_the_same_decision_again_writes_nothing(office, fake):
    first = office.promote(fake)
    before = len(fake.writes)
    again = office.promote(fake, dataclasses.replace(office.request(), reason="once more"))
    assert again == first
    assert len(fake.writes) == before
    assert office.told[-1] == "already promoted: record 1, version 1"


def test_new_evidence_is_a_new_record_about_the_same_version(office, fake):
    first = office.promote(fake)
    second = office.promote(fake, office.request(evidence=office.evidence(shared=0.011)))
    assert (second.sequence, second.version, second.previous) == (2, 1, first.digest)
    assert "version 1 has these bytes already" in office.told


def test_a_promotion_for_a_second_task_keeps_the_first(office, fake):
    first = office.promote(fake)
    second = office.promote(fake, office.request(evidence=office.evidence(task="routes")))
    assert [row.task for row in second.tasks] == ["routes", "help-desk"]
    assert second.tasks[1] == first.tasks[0]
    assert incumbent(office.history(fake), "help-desk") == (second, first.tasks[0])
    assert fake.model("mini").tags["task"] == "routes, help-desk"
    before = len(fake.writes)
    assert office.promote(fake, office.request(evidence=office.evidence(task="routes"))) == second
    assert len(fake.writes) == before


def test_each_approval_cites_the_findings_it_rests_on(office, fake):
    first = office.promote(fake)
    second = office.promote(fake, office.request(evidence=office.evidence(task="routes")))
    cited = {row.task: row.findings_digest for row in second.tasks}
    assert cited == {"routes": second.findings_digest, "help-desk": first.findings_digest}


def test_an_approval_measured_with_inputs_read_in_another_way_is_not_carried_over(office, fake):
    first = office.promote(fake)
    other = first.tasks[0].model_copy(update={"subject": "e" * 64})
    history = History((first.model_copy(update={"tasks": (other,)}),), (), 2)
    record = record_of(office.request(evidence=office.evidence(task="routes")), history, 1, "ada")
    assert [row.task for row in record.tasks] == ["routes"]


def test_a_task_judged_again_and_not_approved_is_dropped(office, fake):
    office.promote(fake)
    request = office.request(evidence=office.evidence(task="routes"))
    no_longer = request.decision.tasks[0].model_copy(update={"task": "help-desk", "approved": False})
    decision = request.decision.model_copy(update={"tasks": (*request.decision.tasks, no_longer)})
    record = office.promote(fake, dataclasses.replace(request, decision=decision))
    assert [row.task for row in record.tasks] == ["routes"]


def test_other_bytes_of_the_model_inherit_no_approval(office, fake):
    standing = office.promote(fake)
    history = History((standing.model_copy(update={"model_digest": "b" * 64}),), (), 2)
    request = office.request(evidence=office.evidence(task="routes"))
    assert [row.task for row in record_of(request, history, 2, "ana").tasks] == ["routes"]


def test_killed_before_any_write_and_run_again_the_end_state_is_the_same(office, tmp_path):
    whole = FakeRegistry()
    office.promote(whole)
    for kill_at in range(len(whole.writes)):
        registry = FakeRegistry(kill_at=kill_at)
        with pytest.raises(Killed):
            office.promote(registry)
        unfinished = registry.model("mini")
        approved = bool(office.history(registry).records)
        assert unfinished is None or approved or (not unfinished.listed and not unfinished.aliases)
        registry.kill_at = -1
        office.promote(registry)
        assert state_of(registry) == state_of(whole), f"killed before write {kill_at}"


def test_a_refusal_names_the_rules_that_failed(office, fake):
    strong_baseline = {**synthetic.TEXT_LADDER, "tfidf-logreg": 0.97}
    weak = office.request(evidence=office.evidence(accuracy=strong_baseline))
    with pytest.raises(GateRefused, match="gain-over-best-baseline"):
        office.promote(fake, weak)
    assert fake.writes == []


def test_a_promotion_needs_a_reason(office, fake):
    with pytest.raises(UsageProblem, match="needs a reason"):
        office.promote(fake, office.request(reason=" "))


def tampered_metric(request):
    findings = request.evidence.findings
    row = findings.summaries[0]
    better = row.model_copy(update={"estimate": row.estimate.model_copy(update={"value": 0.999})})
    changed = findings.model_copy(update={"summaries": (better, *findings.summaries[1:])})
    return dataclasses.replace(request, evidence=request.evidence.model_copy(update={"findings": changed}))


def other_policy(request):
    return dataclasses.replace(request, policy=approval.policy(approvals_needed=2))


def other_bytes(request):
    files = tuple(entry.model_copy(update={"sha256": "a" * 64}) for entry in request.lock.files)
    return dataclasses.replace(request, lock=request.lock.model_copy(update={"files": files}))


def other_input(request):
    card = request.card.model_copy(update={"input": request.card.input.model_copy(update={"pooling": "cls"})})
    return dataclasses.replace(request, card=card)


def other_model(request):
    return dataclasses.replace(request, card=request.card.model_copy(update={"id": "other"}))


def unsigned(request):
    return dataclasses.replace(request, evidence=request.evidence.model_copy(update={"signature": None}))


def signed_by_a_stranger(request):
    signature = signer_of("mallory").sign(b"anything")
    return dataclasses.replace(request, evidence=request.evidence.model_copy(update={"signature": signature}))


def other_observations(request):
    observations = request.evidence.observations.model_copy(update={"seconds": 1.0})
    return dataclasses.replace(
        request, evidence=request.evidence.model_copy(update={"observations": observations})
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (tampered_metric, "cites other findings"),
        (other_observations, "cites other observations"),
        (other_policy, "was changed after the decision"),
        (other_bytes, "about other bytes"),
        (other_input, "not about these bytes of mini with this input"),
        (other_model, "the decision is about mini"),
        (unsigned, "signed by nobody"),
        (signed_by_a_stranger, "does not trust"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_grounds_that_are_not_about_each_other_are_refused(office, fake, change, words):
    with pytest.raises(IntegrityError, match=words):
        office.promote(fake, change(office.request()))
    assert fake.writes == []


def test_bytes_on_disk_that_are_not_the_locked_ones_are_refused(office, fake):
    (office.bytes_of("mini") / "model.safetensors").write_bytes(b"weights of evil")
    with pytest.raises(IntegrityError, match="does not have the bytes"):
        office.promote(fake)
    assert fake.writes == []


def test_somebody_elses_model_of_that_name_is_left_alone(office, fake):
    fake.create_model("mini", description="theirs", tags={})
    with pytest.raises(Conflict, match="is not the hub's"):
        office.promote(fake)
    assert fake.model("mini").description == "theirs"


def test_evidence_that_did_not_meet_what_is_approved_now_is_refused(office, fake):
    office.promote(fake)
    before = len(fake.writes)
    with pytest.raises(Conflict, match="mini is approved for help-desk"):
        office.promote(fake, office.request("other"))
    assert len(fake.writes) == before


def test_an_approval_that_is_carried_over_is_no_newer_than_the_one_that_replaced_it(office, fake):
    # mini for help-desk, other replaces it, then mini for another task carries its help-desk approval over.
    first = office.promote(fake)
    replaced = first.tasks[0].model_copy(update={"since": 2})
    other = first.model_copy(update={"sequence": 2, "model": "other", "tasks": (replaced,)})
    again = first.model_copy(update={"sequence": 3})
    found = incumbent(History((first, other, again), (), 4), "help-desk")
    assert found is not None
    assert found[0].model == "other"


def test_two_at_once_give_one_record_and_one_conflict(office, fake):
    rival = Office(office.folder, signer=office.signer)
    office.promote(fake)

    def intrude():
        rival.promote(fake, rival.request("other", evidence=rival.evidence("other", task="routes")))

    fake.before_version = None
    request = office.request(evidence=office.evidence(shared=0.011))
    fake.before_version = intrude
    with pytest.raises(Conflict, match="somebody else promoted at the same time"):
        office.promote(fake, request)
    assert [record.model for record in office.history(fake).records] == ["mini", "other"]
    assert office.history(fake).problems == ()
    assert office.promote(fake, request).sequence == 4


def test_a_version_whose_bytes_were_exchanged_is_not_used_again(office, fake):
    office.promote(fake)
    fake.overwrite_artifact("mini", 1, "MLmodel", b"flavors: {python_function: {loader_module: evil}}")
    record = office.promote(fake, office.request(evidence=office.evidence(shared=0.011)))
    assert record.version == 2
    assert fake.model("mini").aliases == {"approved": 2}


def test_a_forged_digest_tag_makes_no_version_trusted(office, fake, tmp_path):
    from hub.registry.registry import NewVersion

    (tmp_path / "evil" / "model").mkdir(parents=True)
    (tmp_path / "evil" / "model" / "model.safetensors").write_bytes(b"evil")
    fake.create_model("mini", description="", tags={OWNED: "true"}, listed=False)
    fake.create_version(NewVersion("mini", tmp_path / "evil", {DIGEST_TAG: office.lock("mini").digest}))
    assert office.promote(fake).version == 2
    assert fake.versions("mini")[0].description.startswith("not approved")


def test_a_deleted_version_is_made_and_recorded_again(office, fake):
    office.promote(fake)
    fake.drop_version("mini", 1)
    record = office.promote(fake)
    assert (record.sequence, record.version) == (2, 2)
    assert fake.model("mini").aliases == {"approved": 2}


def test_nothing_is_promoted_onto_a_log_whose_end_is_damaged(office, fake):
    office.promote(fake)
    fake.set_version_tag(LOG_NAME, 1, RECORD_TAG, "{}")
    request = office.request("other")
    with pytest.raises(IntegrityError, match="damaged: entry 1 cannot be read"):
        office.promote(fake, request)
    record = office.promote(fake, dataclasses.replace(request, despite_doubt=True))
    assert (record.sequence, record.previous) == (2, GENESIS)


def test_an_approver_whose_key_is_not_trusted_here_promotes_nothing(office, fake):
    from hub.promote import promote

    request = office.request()
    with pytest.raises(IntegrityError, match="does not trust"):
        promote(
            request,
            fake,
            log=RegistryLog(fake),
            signer=signer_of("new"),
            keys=trusting(office.signer),
            tell=office.told.append,
        )
    assert fake.writes == []
