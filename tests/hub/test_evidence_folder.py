"""Evidence of this machine: every document stays, whole, and the newest about a model is found."""

import pytest

from evaluators.errors import UsageProblem
from evaluators.evidence import evidence_from_json
from hub.evidence_folder import keep_evidence, newest_evidence
from hub.home import Home
from tests.synthetic import World, evidence

SMALL = World(items=40, runs=2, sizes=(2,), accuracy={"majority": 0.25, "linear-probe": 0.9})
ORDINARY = SMALL.but(sets={"validation": 0.0})


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def created(document, when):
    observations = document.observations.model_copy(update={"created": when})
    return document.model_copy(update={"observations": observations})


def test_evidence_is_named_by_both_its_halves_and_read_back_equal(home):
    document = evidence(SMALL)
    path = keep_evidence(document, home)
    assert path.name == f"{document.findings.digest[:12]}-{document.observations.digest[:12]}.json"
    assert evidence_from_json(path.read_bytes(), where=str(path)) == document
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_same_findings_measured_again_leave_the_older_document(home):
    document = evidence(SMALL)
    older = keep_evidence(document, home)
    newer = keep_evidence(created(document, "2026-11-03T10:00:00Z"), home)
    assert sorted(home.evidence.rglob("*.*")) == sorted([older, newer])
    assert newest_evidence(home, "mini") == newer


def test_the_newest_is_by_its_own_time_and_not_by_when_it_was_kept(home):
    document = evidence(SMALL)
    newer = keep_evidence(created(document, "2026-11-03T10:00:00Z"), home)
    keep_evidence(document, home)
    assert newest_evidence(home, "mini") == newer


def test_a_final_evaluation_goes_before_a_later_ordinary_one(home):
    final = keep_evidence(evidence(SMALL), home)
    keep_evidence(created(evidence(ORDINARY), "2026-12-01T10:00:00Z"), home)
    assert newest_evidence(home, "mini") == final


def test_a_document_kept_twice_is_one_file(home):
    assert keep_evidence(evidence(SMALL), home) == keep_evidence(evidence(SMALL), home)
    assert len(list(home.evidence.rglob("*.json"))) == 1


def test_a_model_without_evidence_is_told_how_to_get_some(home):
    with pytest.raises(UsageProblem, match="no evidence about other") as caught:
        newest_evidence(home, "other")
    assert "hub evaluate other" in caught.value.hint
