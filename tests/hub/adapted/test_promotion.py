"""An adapted model's promotion: what it refuses, what it leaves, and that it may be killed anywhere."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from evaluators.artifact_evidence import artifact_evidence_from_json
from evaluators.canonical import canonical_json
from evaluators.errors import Conflict, GateRefused, IntegrityError, UsageProblem
from evaluators.results import ResultStore
from hub.adapted.history import incumbent_adapted
from hub.adapted.record import refusal
from hub.promotion_log import incumbent, latest
from hub.registry.mlflow_log import RECORD_TAG
from hub.registry.registry import LOG_NAME, OWNED
from hub.results_place import access_log
from tests.fakes import FakeRegistry, Killed
from tests.hub.office import state_of
from tests.hub.workshop import BASE, TASK, Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    made.adapt("letter-router")
    made.adapt("weaker", wrong=0.5)
    made.adapt("second", seed=1)
    return made


@pytest.fixture
def folder(workshop):
    return workshop.folder / "letter-router"


@pytest.fixture
def approved(workshop) -> FakeRegistry:
    """A registry in which the base is approved for the task."""
    registry = FakeRegistry()
    workshop.approve_base(registry)
    return registry


def rules(outcome):
    assert outcome.decision is not None
    every = [*outcome.decision.rules, *outcome.decision.tasks[0].rules]
    return {rule.rule: rule for rule in every}


def test_it_is_a_signed_record_with_its_lineage_and_what_shows_it(workshop, folder, approved):
    outcome = workshop.promote(folder, approved)
    record = outcome.record
    assert record is not None
    assert workshop.history(approved).records[-1] == record
    assert record.adapted.lineage == f"{BASE}@{workshop.candidate.digest}"
    assert record.adapted.base_record == workshop.history(approved).records[0].digest
    assert [row.task for row in record.tasks] == [TASK]
    assert record.tasks[0].task_digest == workshop.task.digest
    model = approved.model("letter-router")
    assert (model.listed, model.aliases) == (True, {"approved": 1})
    assert list(model.tags)[:3] == ["status", "task", "score"]
    assert model.tags["hub.kind"] == "adapted"
    assert model.tags["hub.base"] == record.adapted.lineage
    assert f"base: {BASE}, digest" in model.description
    assert (
        b"".join(approved.artifact("letter-router", 1, "model/fit.json"))
        == (folder / "fit.json").read_bytes()
    )


def test_evidence_is_signed_kept_and_names_every_comparison(workshop, folder, approved):
    outcome = workshop.promote(folder, approved)
    evidence = artifact_evidence_from_json(outcome.evidence.read_bytes(), where="kept")
    assert workshop.keys.verifies(canonical_json(evidence.unsigned), evidence.signature)
    assert (
        evidence.findings.digest == outcome.record.findings_digest == outcome.record.tasks[0].findings_digest
    )
    assert [row.name for row in evidence.findings.artifacts] == ["letter-router", "majority", "tfidf-logreg"]
    assert {row.test for row in evidence.findings.comparisons} == {"McNemar exact"}
    assert evidence.findings.candidate.estimate.n == len(workshop.data.test)
    assert evidence.observations.test_read.cells_this_evaluation == 1


def test_measuring_again_gives_the_same_findings(workshop, folder, approved):
    one = workshop.promote(folder, approved)
    other = FakeRegistry()
    workshop.approve_base(other)
    two = workshop.promote(folder, other)
    assert one.record.findings_digest == two.record.findings_digest


def test_the_locked_test_is_read_once_by_each_artifact(tmp_path, folder):
    workshop, registry = Workshop(tmp_path), FakeRegistry()
    workshop.approve_base(registry)
    made = workshop.adapt()
    assert workshop.reads() == 0
    workshop.promote(made, registry)
    assert workshop.reads() == 1
    workshop.promote(made, registry, name="another-name")
    assert workshop.reads() == 1
    workshop.promote(workshop.adapt("second", seed=1), registry)
    assert workshop.reads() == 2


def test_the_read_is_counted_where_the_results_are_kept(tmp_path, monkeypatch):
    workshop, registry = Workshop(tmp_path), FakeRegistry()
    workshop.approve_base(registry)
    made, splits = workshop.adapt(), workshop.task.splits_digest
    monkeypatch.setenv("HUB_RESULTS", str(tmp_path / "team"))
    workshop.promote(made, registry, results=str(tmp_path / "mine"))
    workshop.promote(workshop.adapt("second", seed=1), registry, results=None)
    counts = {name: access_log(ResultStore(tmp_path / name)).count(splits) for name in ("mine", "team")}
    assert (counts, workshop.reads()) == ({"mine": 1, "team": 1}, 0)


def test_promoting_the_same_again_measures_and_writes_nothing(workshop, folder, approved):
    first = workshop.promote(folder, approved)
    before, documents = len(approved.writes), sorted(workshop.home.evidence.rglob("*.json"))
    again = workshop.promote(folder, approved, reason="once more")
    assert (again.record, again.decision, again.evidence) == (first.record, None, None)
    assert len(approved.writes) == before
    assert sorted(workshop.home.evidence.rglob("*.json")) == documents
    assert workshop.told[-1] == "already promoted: record 2, version 1"


def test_killed_before_any_write_and_run_again_the_end_state_is_the_same(workshop, folder):
    whole = FakeRegistry()
    workshop.approve_base(whole)
    first = len(whole.writes)
    workshop.promote(folder, whole)
    for kill_at in range(first, len(whole.writes)):
        registry = FakeRegistry(kill_at=-1)
        workshop.approve_base(registry)
        registry.kill_at = kill_at
        with pytest.raises(Killed):
            workshop.promote(folder, registry)
        unfinished = registry.model("letter-router")
        recorded = latest(workshop.history(registry), "letter-router") is not None
        assert unfinished is None or recorded or (not unfinished.listed and not unfinished.aliases)
        registry.kill_at = -1
        workshop.promote(folder, registry)
        assert state_of(registry) == state_of(whole), f"killed before write {kill_at}"


def test_the_incumbent_of_bases_and_of_adapted_models_are_two(workshop, folder, approved):
    record = workshop.promote(folder, approved).record
    history = workshop.history(approved)
    assert incumbent(history, TASK)[0].model == BASE
    assert incumbent_adapted(history, TASK) == record
    assert incumbent_adapted(history, "other-task") is None


def test_a_weaker_one_is_refused_by_the_approved_one_on_the_same_items(workshop, folder, approved):
    workshop.promote(folder, approved)
    before = len(approved.writes)
    outcome = workshop.promote(workshop.folder / "weaker", approved)
    assert outcome.record is None
    assert len(approved.writes) == before
    ruled = rules(outcome)["gain-over-incumbent"]
    assert ruled.outcome == "fail"
    assert "over letter-router, " in ruled.measured
    assert "only there; p = " in ruled.measured
    evidence = artifact_evidence_from_json(outcome.evidence.read_bytes(), where="kept")
    met = evidence.findings.incumbent
    assert (met.name, met.digest) == ("letter-router", workshop.history(approved).records[-1].model_digest)
    error = refusal(outcome.decision)
    assert error.exit_code == 3
    assert "is refused for letters" in error.message


def test_one_that_is_as_good_and_not_larger_replaces_the_approved_one(workshop, folder, approved):
    workshop.promote(folder, approved)
    outcome = workshop.promote(workshop.folder / "second", approved)
    assert outcome.record is not None
    ruled = rules(outcome)["gain-over-incumbent"]
    assert ruled.outcome == "pass"
    assert "within the margin, and not larger" in ruled.measured
    history = workshop.history(approved)
    assert incumbent_adapted(history, TASK).model == "second"
    # The first can be put back, but has to meet the second first.
    again = workshop.promote(folder, approved)
    assert "over second, " in rules(again)["gain-over-incumbent"].measured
    assert incumbent_adapted(workshop.history(approved), TASK).model == "letter-router"


def test_a_new_version_of_the_same_name_meets_the_one_before(workshop, folder, approved):
    workshop.promote(folder, approved)
    outcome = workshop.promote(workshop.folder / "second", approved, name="letter-router")
    assert (outcome.record.model, outcome.record.version) == ("letter-router", 2)
    assert "over letter-router, " in rules(outcome)["gain-over-incumbent"].measured
    assert approved.model("letter-router").aliases == {"approved": 2}


def test_one_that_is_no_better_than_words_is_refused(workshop, approved):
    outcome = workshop.promote(workshop.adapt("hopeless", wrong=1.0), approved)
    assert outcome.record is None
    ruled = rules(outcome)["gain-over-best-baseline"]
    assert ruled.outcome == "fail"
    assert outcome.decision.verdict == "refused"


def test_too_few_items_are_told_how_many_more_would_settle_it(tmp_path):
    workshop, registry = Workshop(tmp_path, items=4), FakeRegistry()
    workshop.approve_base(registry)
    outcome = workshop.promote(workshop.adapt(wrong=0.45), registry)
    ruled = rules(outcome)["gain-over-best-baseline"]
    assert ruled.outcome == "insufficient evidence"
    assert "more test item" in ruled.settles or "treat it as a tie" in ruled.settles
    assert refusal(outcome.decision).hint == ruled.settles


def test_a_waiver_lifts_a_refusal_and_is_shown(workshop, approved, monkeypatch):
    import datetime as dt

    from hub.catalog import Catalog
    from hub.policy import Waiver

    waiver = Waiver(
        rule="gain-over-best-baseline", model="hopeless", reason="a fixture", owner="ana",
        expires=dt.date(2027, 1, 1),
    )  # fmt: skip
    policy = workshop.policy.model_copy(update={"waivers": (waiver,)})
    monkeypatch.setattr(Catalog, "policy", lambda _self, _name: policy)
    outcome = workshop.promote(workshop.adapt("hopeless", wrong=1.0), approved)
    assert rules(outcome)["gain-over-best-baseline"].outcome == "waived"
    assert outcome.record is not None


def test_a_base_that_is_approved_for_nothing_carries_no_adapted_model(workshop, folder):
    with pytest.raises(
        GateRefused, match="approved for its task, letters; letters-base is approved for nothing"
    ):
        workshop.promote(folder, FakeRegistry())


def test_a_base_that_is_approved_for_another_task_is_not_enough(workshop, folder):
    registry = FakeRegistry()
    workshop.approve_base(registry, task="routes")
    with pytest.raises(GateRefused, match="is approved for routes") as caught:
        workshop.promote(folder, registry)
    assert "hub evaluate letters-base --task letters --strategy " in caught.value.hint


def test_a_withdrawn_base_is_refused_before_anything_is_measured(workshop, folder, approved):
    workshop.withdraw(approved, workshop.history(approved).records[0])
    before = len(workshop.told)
    with pytest.raises(GateRefused, match=r"was withdrawn on .*: licence revoked"):
        workshop.promote(folder, approved)
    assert len(workshop.told) == before


def test_other_bytes_of_the_base_are_not_the_approved_ones(workshop, folder, approved, monkeypatch):
    history = workshop.history(approved)
    other = history.records[0].model_copy(update={"model_digest": "e" * 64})
    from hub.adapted import promotion

    monkeypatch.setattr(promotion, "read_history", lambda *_: dataclasses.replace(history, records=(other,)))
    with pytest.raises(GateRefused, match="only other bytes are approved"):
        workshop.promote(folder, approved)


def test_a_personal_task_can_promote_nothing(workshop, folder, approved, tmp_path):
    copy = relineaged(folder, tmp_path / "personal", task="my-tickets-abc123")
    with pytest.raises(GateRefused, match="data that nobody reviewed can promote nothing") as caught:
        workshop.promote(copy, approved)
    assert "hub task new" in caught.value.hint


def test_other_data_than_the_catalogs_are_refused(workshop, folder, approved, tmp_path):
    copy = relineaged(folder, tmp_path / "old", task_digest="f" * 64)
    with pytest.raises(GateRefused, match="other data or splits of letters") as caught:
        workshop.promote(copy, approved)
    assert "hub adapt letters-base --task letters --strategy linear-probe" in caught.value.hint


def test_a_lineage_with_more_labels_than_there_are_was_altered(workshop, folder, approved, tmp_path):
    copy = relineaged(folder, tmp_path / "greedy", trained_on=10_000)
    with pytest.raises(IntegrityError, match="does not fit letters"):
        workshop.promote(copy, approved)


def test_changed_bytes_are_refused(workshop, folder, approved, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "changed")
    (copy / "fit.safetensors").write_bytes(b"evil")
    with pytest.raises(IntegrityError, match="is not what `hub adapt` wrote"):
        workshop.promote(copy, approved)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("Letter Router", UsageProblem, "cannot be the name of a model"),
        (BASE, UsageProblem, "is a base model of the catalog"),
        (LOG_NAME, UsageProblem, "cannot be the name of a model"),
    ],
)
def test_a_name_that_cannot_be_used_is_told(workshop, folder, approved, name, error, words):
    with pytest.raises(error, match=words) as caught:
        workshop.promote(folder, approved, name=name)
    assert "--name" in caught.value.hint


def test_a_base_in_the_log_keeps_its_name(workshop, folder, approved, monkeypatch):
    from hub.catalog import Catalog

    monkeypatch.setattr(Workshop, "catalog", property(lambda self: Catalog(self.folder / "catalog", {}, {})))
    with pytest.raises(Conflict, match="is a base model in the promotion log"):
        workshop.promote(folder, approved, name=BASE)


def test_a_base_may_not_take_the_name_of_an_adapted_model(workshop, folder, approved):
    from hub.card import Card

    workshop.promote(folder, approved)
    card: Card = workshop.card(id="letter-router")
    with pytest.raises(Conflict, match="is an adapted model in the promotion log"):
        workshop.approve_base(approved, card=card)


def test_somebody_elses_model_of_that_name_is_left_alone(workshop, folder, approved):
    approved.create_model("letter-router", description="theirs", tags={})
    with pytest.raises(Conflict, match="is not the hub's"):
        workshop.promote(folder, approved)
    assert approved.model("letter-router").description == "theirs"


def test_a_promotion_needs_a_reason(workshop, folder, approved):
    with pytest.raises(UsageProblem, match="needs a reason"):
        workshop.promote(folder, approved, reason=" ")


def test_nothing_is_promoted_onto_a_log_whose_end_is_damaged(workshop, folder, approved):
    approved.set_version_tag(LOG_NAME, 1, RECORD_TAG, "{}")
    with pytest.raises(IntegrityError, match="damaged: entry 1 cannot be read"):
        workshop.promote(folder, approved)


def test_two_at_once_give_one_record_and_one_conflict(workshop, folder, approved):
    approved.before_version = lambda: workshop.promote(workshop.folder / "second", approved)
    with pytest.raises(Conflict):
        workshop.promote(folder, approved)
    assert [record.model for record in workshop.history(approved).records] == [BASE, "second"]
    assert workshop.promote(folder, approved).record is not None


def test_an_approved_one_whose_bytes_were_exchanged_stops_the_comparison(workshop, folder, approved):
    workshop.promote(folder, approved)
    for path in workshop.home.blobs.rglob("*"):
        if path.is_file():
            path.unlink()
    approved.overwrite_artifact("letter-router", 1, "model/fit.safetensors", b"evil")
    try:
        with pytest.raises(IntegrityError, match="letter-router version 1"):
            workshop.promote(workshop.folder / "second", approved)
    finally:
        for entry in workshop.candidate.files:
            workshop.store.write([(workshop.base / entry.path).read_bytes()], entry)


def test_a_deleted_version_is_made_and_recorded_again(workshop, folder, approved):
    workshop.promote(folder, approved)
    approved.drop_version("letter-router", 1)
    outcome = workshop.promote(folder, approved)
    assert (outcome.record.sequence, outcome.record.version) == (3, 2)
    assert rules(outcome)["gain-over-incumbent"].measured == "this is the incumbent itself"
    assert approved.model("letter-router").aliases == {"approved": 2}


def test_owned_models_carry_the_hubs_tag(workshop, folder, approved):
    workshop.promote(folder, approved)
    assert approved.model("letter-router").tags[OWNED] == "true"


def relineaged(folder, into, **changes):
    """Return a copy of an adapted model whose lineage says something else."""
    from hub.adapted.lineage import LINEAGE
    from hub.adapted.model import read_adapted

    copy = shutil.copytree(folder, into)
    adapted = read_adapted(copy).model_copy(update=changes)
    (copy / LINEAGE).write_text(adapted.model_dump_json(indent=1) + "\n")
    return copy
