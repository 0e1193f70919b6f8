"""The report: verdict first, every rule with both sides, every number with its data, runs and interval."""

import pytest

from evaluators.errors import IntegrityError
from hub.report import decision_report
from tests import synthetic
from tests.approval import good_evidence, judged, with_difference, world


def test_report_is_as_reviewed(golden):
    small = synthetic.evidence(
        world(
            accuracy={
                "majority": 0.25,
                "tfidf-logreg": 0.6,
                "from-scratch": 0.4,
                "linear-probe": 0.9,
                "lora": 0.9,
            },
            failed=frozenset({("lora", 2, 1)}),
            incumbent=("old", 0.8),
            runs=3,
        )
    )
    golden("decision_report.md", decision_report(judged(evidence=small), small))


def test_report_opens_with_the_verdict_and_its_sentence():
    decision = judged()
    lines = decision_report(decision, good_evidence()).splitlines()
    assert lines[0] == "# mini: approved"
    assert lines[2].startswith("mini is approved for help-desk")


def test_report_names_the_digests_that_its_numbers_rest_on():
    evidence = good_evidence()
    text = decision_report(judged(), evidence)
    for digest in (
        evidence.findings.digest,
        evidence.findings.tasks[0].digest,
        evidence.findings.plan_digest,
    ):
        assert digest in text


def test_report_of_other_evidence_is_refused():
    other = with_difference("gain-over-best-baseline", 0.1, 0.2, 0.3)
    with pytest.raises(IntegrityError, match="this evidence has"):
        decision_report(judged(), other)
