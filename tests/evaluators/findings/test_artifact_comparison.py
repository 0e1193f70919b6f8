"""Findings about one artifact: paired over items, adjusted over all comparisons, and the same every time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evaluators import observations
from evaluators.artifact_evidence import (
    ArtifactEvidence,
    ArtifactObservations,
    artifact_evidence_from_json,
)
from evaluators.errors import InvalidDocument
from evaluators.facts import TaskFacts
from evaluators.findings.artifact_comparison import Answers, artifact_findings
from evaluators.statistics.paired import mcnemar_exact
from tests.synthetic import ENVIRONMENT

N = 400
LABELS = np.arange(N, dtype=np.int64) % 4


def task(metric: str = "accuracy") -> TaskFacts:
    return TaskFacts(
        id="help-desk", digest="a" * 64, title="Help desk", metric=metric, margin=0.02, labels=("a", "b", "c", "d"),
        sizes={"train": 100, "validation": 20, "test": N}, duplicates={"exact": 0}, majority_share=0.25,
        sensitivity="internal",
    )  # fmt: skip


def answers(role: str, share: float, *, seed: int = 0) -> Answers:
    right = np.random.default_rng(seed).random(N) < share
    digest = role[0] * 64
    return Answers(
        role, role, digest, "linear-probe", None, 1000, 120, True, np.where(right, LABELS, (LABELS + 1) % 4)
    )


def test_accuracy_is_compared_exactly_and_adjusted_over_both_references():
    candidate, incumbent, baseline = (
        answers("candidate", 0.9),
        answers("incumbent", 0.86, seed=1),
        answers("baseline", 0.6, seed=2),
    )
    found = artifact_findings(task(), LABELS, candidate, [incumbent, baseline])
    first, second = found.comparisons
    exact = mcnemar_exact(candidate.predicted == LABELS, incumbent.predicted == LABELS)
    assert (first.purpose, first.test) == ("gain-over-incumbent", "McNemar exact")
    assert (first.only_candidate, first.only_reference) == (exact.only_a, exact.only_b)
    assert (first.difference.low, first.difference.high) == (exact.low, exact.high)
    assert first.p_value == exact.p_value
    assert first.p_adjusted == pytest.approx(max(first.p_value, min(1.0, 2 * second.p_value)))
    assert second.p_adjusted == pytest.approx(2 * second.p_value)
    assert first.bootstrap_low < first.difference.value < first.bootstrap_high
    assert first.detectable > 0
    assert found.candidate.estimate.n == N
    assert found.incumbent is not None
    assert found.artifact("b" * 64).role == "baseline"


def test_macro_f1_is_compared_by_exchanging_answers():
    found = artifact_findings(
        task("macro_f1"), LABELS, answers("candidate", 0.9), [answers("baseline", 0.6, seed=2)]
    )
    row = found.comparisons[0]
    assert row.test == "paired randomisation over items"
    assert row.p_value == 1 / (found.resamples + 1)
    assert 0 < row.difference.low < row.difference.value < row.difference.high
    assert (row.bootstrap_low, row.bootstrap_high) == pytest.approx(
        (row.difference.low, row.difference.high), abs=0.01
    )
    assert row.detectable == pytest.approx(1.43 * (row.difference.high - row.difference.value), rel=0.01)


def test_the_same_answers_give_the_same_digest_and_one_other_answer_another():
    candidate, baseline = answers("candidate", 0.9), answers("baseline", 0.6, seed=2)
    one = artifact_findings(task(), LABELS, candidate, [baseline])
    assert artifact_findings(task(), LABELS, candidate, [baseline]).digest == one.digest
    # Wrong in another way: every score stays, the predictions do not.
    wrong = int(np.flatnonzero(candidate.predicted != LABELS)[0])
    predicted = candidate.predicted.copy()
    predicted[wrong] = (LABELS[wrong] + 2) % 4
    other = artifact_findings(task(), LABELS, dataclasses.replace(candidate, predicted=predicted), [baseline])
    assert other.candidate.estimate == one.candidate.estimate
    assert other.digest != one.digest


def test_the_document_is_read_back_and_another_is_refused():
    found = artifact_findings(task(), LABELS, answers("candidate", 0.9), [answers("baseline", 0.6, seed=2)])
    read = observations.TestRead(task="help-desk", cells_this_evaluation=1, cells_ever=1)
    observed = ArtifactObservations(
        created="2026-11-20T09:00:00Z", environment=ENVIRONMENT, seconds=1.0, test_read=read
    )
    evidence = ArtifactEvidence(findings=found, observations=observed)
    assert artifact_evidence_from_json(evidence.model_dump_json(), where="here") == evidence
    with pytest.raises(InvalidDocument, match="here: not evidence about an artifact"):
        artifact_evidence_from_json("{}", where="here")


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_not_worse_by_the_margin_is_shown_where_answers_hardly_differ_and_not_where_they_differ_much(metric):
    candidate = answers("candidate", 0.9)
    changed = candidate.predicted.copy()
    changed[:6] = (LABELS[:6] + np.arange(6) % 2) % 4
    near = dataclasses.replace(candidate, role="incumbent", digest="i" * 64, predicted=changed)
    for reference, shown in ((near, True), (answers("incumbent", 0.9, seed=1), False)):
        (row,) = artifact_findings(task(metric), LABELS, candidate, [reference]).comparisons
        assert (row.p_non_inferior <= 0.05) is shown


def test_a_comparison_of_before_keeps_its_bytes():
    (row,) = artifact_findings(
        task(), LABELS, answers("candidate", 0.9), [answers("baseline", 0.6)]
    ).comparisons
    assert "p_non_inferior" in row.model_dump(mode="json")
    assert "p_non_inferior" not in row.model_copy(update={"p_non_inferior": None}).model_dump(mode="json")
