"""What stands of adapted models, and what may take its place: names, withdrawn bytes, metrics, the best ever."""

from __future__ import annotations

import shutil

import pytest
import yaml

from evaluators.artifact_evidence import artifact_evidence_from_json
from evaluators.errors import Conflict, GateRefused, IntegrityError
from hub.adapted.files import private_copy, read_artifact
from hub.adapted.history import best_adapted, incumbent_adapted
from hub.registry.mlflow_log import RegistryLog
from tests.fakes import FakeRegistry
from tests.hub.adapted.test_promotion import relineaged, rules
from tests.hub.workshop import TASK, Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    made.adapt("letter-router")
    made.adapt("second", seed=1)
    made.adapt("weaker", wrong=0.5)
    made.adapt("between", wrong=0.25)
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


def append(workshop, registry, record, **changes):
    """Append a record by hand, as a version before these rules could."""
    history = workshop.history(registry)
    changes = {"sequence": history.next_number, "previous": history.head, "signature": None, **changes}
    unsigned = record.model_copy(update=changes)
    signed = unsigned.model_copy(update={"signature": workshop.signer.sign(unsigned.signed_bytes)})
    RegistryLog(registry).append(signed, signed.sequence)
    return signed


@pytest.fixture
def task_file(workshop):
    """The task's file, put back afterwards."""
    path = workshop.folder / "catalog" / "tasks" / f"{TASK}.yaml"
    before = path.read_text()
    yield path
    path.write_text(before)


@pytest.mark.parametrize("stands", [True, False])
def test_the_name_of_an_adapted_model_of_another_task_is_refused(
    workshop, folder, approved, tmp_path, stands
):
    record = workshop.promote(folder, approved).record
    if not stands:
        workshop.withdraw(approved, record)
    other = relineaged(folder, tmp_path / "other", task="other")
    before, reads = len(approved.writes), workshop.reads()
    with pytest.raises(Conflict, match="letter-router is an adapted model for letters") as caught:
        workshop.promote(other, approved, name="letter-router")
    assert "--name" in caught.value.hint
    assert (len(approved.writes), workshop.reads()) == (before, reads)


def test_a_name_that_took_another_tasks_name_in_an_old_log_hides_nobody(workshop, folder, approved):
    record = workshop.promote(folder, approved).record
    task = record.tasks[0].model_copy(update={"task": "other"})
    append(workshop, approved, record, version=2, model_digest="e" * 64, tasks=(task,))
    history = workshop.history(approved)
    assert incumbent_adapted(history, TASK) == record
    assert incumbent_adapted(history, "other").version == 2
    outcome = workshop.promote(workshop.folder / "between", approved)
    assert outcome.record is None
    assert "over letter-router, " in rules(outcome)["gain-over-incumbent"].measured


def test_the_one_before_is_met_again_when_its_successor_is_withdrawn(workshop, folder, approved):
    first = workshop.promote(folder, approved).record
    second = workshop.promote(workshop.folder / "second", approved, name="letter-router").record
    assert incumbent_adapted(workshop.history(approved), TASK) == second
    workshop.withdraw(approved, second)
    assert incumbent_adapted(workshop.history(approved), TASK) == first
    workshop.withdraw(approved, first)
    assert incumbent_adapted(workshop.history(approved), TASK) is None
    assert best_adapted(workshop.history(approved), workshop.task) is None


class Swapping(list):
    """What a promotion told; as soon as it tells that it loads, other bytes lie in the folder."""

    def __init__(self, folder, other):
        super().__init__()
        self._folder, self._other = folder, other

    def append(self, line):
        super().append(line)
        if line.startswith("loading"):
            shutil.rmtree(self._folder)
            shutil.copytree(self._other, self._folder)


def test_what_is_exchanged_in_the_folder_meanwhile_is_neither_measured_nor_uploaded(
    workshop, folder, approved, tmp_path, monkeypatch
):
    target = shutil.copytree(workshop.folder / "weaker", tmp_path / "router")
    digest = read_artifact(target).digest
    told = Swapping(target, folder)
    monkeypatch.setattr(workshop, "told", told)
    outcome = workshop.promote(target, approved)
    assert "loading router" in told
    assert read_artifact(target).digest != digest
    evidence = artifact_evidence_from_json(outcome.evidence.read_bytes(), where="kept")
    assert outcome.record.model_digest == evidence.findings.candidate.digest == digest
    assert outcome.record.tasks[0].value == evidence.findings.candidate.estimate.value < 0.6
    shown = b"".join(approved.artifact("router", 1, "model/fit.safetensors"))
    assert shown == (workshop.folder / "weaker" / "fit.safetensors").read_bytes()


def test_a_folder_that_changes_while_it_is_copied_is_refused(workshop, folder, tmp_path):
    target = shutil.copytree(folder, tmp_path / "router")
    artifact = read_artifact(target)
    (target / "README.md").write_text("other words\n")
    with pytest.raises(IntegrityError, match="does not have the bytes"):
        private_copy(artifact, tmp_path / "copy")


def test_withdrawn_bytes_do_not_come_back_under_any_name(workshop, folder, approved):
    record = workshop.promote(folder, approved).record
    workshop.withdraw(approved, record)
    before, reads = len(approved.writes), workshop.reads()
    for name in ("letter-router", "another-name"):
        with pytest.raises(GateRefused, match=r"withdrawn as letter-router version 1 on .* by ana") as caught:
            workshop.promote(folder, approved, name=name)
        assert "licence revoked" in caught.value.message
        assert "talk to ana@example.org, or adapt again" in caught.value.hint
    assert (len(approved.writes), workshop.reads()) == (before, reads)
    assert workshop.promote(workshop.folder / "second", approved, name="letter-router").record.version == 2


def test_another_metric_is_measured_again_and_recorded(workshop, folder, approved, task_file):
    first = workshop.promote(folder, approved).record
    task = yaml.safe_load(task_file.read_text())
    task_file.write_text(yaml.safe_dump({**task, "metric": "macro_f1"}))
    outcome = workshop.promote(folder, approved)
    assert outcome.decision is not None
    assert (first.tasks[0].metric, outcome.record.tasks[0].metric) == ("accuracy", "macro_f1")
    assert workshop.promote(folder, approved).decision is None


def test_another_margin_leaves_an_approval_as_it_was_made(workshop, folder, approved, task_file):
    first = workshop.promote(folder, approved).record
    task = yaml.safe_load(task_file.read_text())
    task_file.write_text(yaml.safe_dump({**task, "margin": 0.01}))
    again = workshop.promote(folder, approved)
    assert (again.record, again.decision) == (first, None)


@pytest.fixture
def slipped(workshop, folder, approved) -> FakeRegistry:
    """A registry whose incumbent is much worse than what was approved before."""
    low = workshop.promote(workshop.folder / "weaker", approved).record
    workshop.promote(folder, approved)
    append(workshop, approved, low)
    return approved


def test_a_successor_may_not_lie_further_than_the_margin_below_the_best_ever(workshop, slipped):
    history = workshop.history(slipped)
    assert incumbent_adapted(history, TASK).model == "weaker"
    assert best_adapted(history, workshop.task)[0].model == "letter-router"
    outcome = workshop.promote(workshop.folder / "between", slipped)
    assert outcome.record is None
    ruled = rules(outcome)["gain-over-incumbent"]
    assert ruled.outcome == "fail"
    assert "over weaker, " in ruled.measured
    below = "15.0 points below letter-router, the best ever approved (record 3, 100.0)"
    assert f"{below}, a plain comparison of scores" in ruled.measured
    assert below in outcome.decision.sentence


def test_what_is_as_good_as_the_best_ever_passes(workshop, slipped):
    outcome = workshop.promote(workshop.folder / "second", slipped)
    assert outcome.record is not None
    required = rules(outcome)["gain-over-incumbent"].required
    assert "not more than 5.0 points below letter-router, the best ever approved" in required


def test_the_best_ever_counts_no_more_once_it_is_withdrawn_or_of_another_metric(workshop, slipped, task_file):
    task = yaml.safe_load(task_file.read_text())
    task_file.write_text(yaml.safe_dump({**task, "metric": "macro_f1"}))
    assert best_adapted(workshop.history(slipped), workshop.task) is None
    task_file.write_text(yaml.safe_dump(task))
    best, _ = best_adapted(workshop.history(slipped), workshop.task)
    workshop.withdraw(slipped, best)
    assert workshop.promote(workshop.folder / "between", slipped).record is not None


def test_what_it_was_trained_on_is_called_its_makers_word(workshop, folder, approved):
    outcome = workshop.promote(folder, approved)
    assert "trained on is its maker's word" in rules(outcome)["final-scores"].measured
    assert "180 labels, by its maker's word" in approved.model("letter-router").description
