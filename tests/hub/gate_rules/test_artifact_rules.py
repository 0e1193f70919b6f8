"""Rules about one artifact: what decides a gain in accuracy, and what decides one in macro-F1."""

from __future__ import annotations

from typing import Any

import pytest

from evaluators import observations
from evaluators.artifact_evidence import (
    MCNEMAR,
    RANDOMISATION,
    ArtifactComparison,
    ArtifactEvidence,
    ArtifactFinding,
    ArtifactFindings,
    ArtifactObservations,
)
from evaluators.evidence import Estimate, TaskFacts
from hub.decision import Outcome
from hub.gate_rules.artifact import ArtifactCase, gain_over_best_baseline, gain_over_incumbent
from hub.policy import Rule
from tests.synthetic import ENVIRONMENT

N = 200
CANDIDATE, REFERENCE = "c" * 64, "r" * 64


def case(low: float, value: float, high: float, p: float, *, test: str = RANDOMISATION, of: str = "baseline"):
    """Return the evidence of one comparison."""
    task = TaskFacts(
        id="help-desk", digest="a" * 64, title="Help desk", metric="macro_f1", margin=0.02, labels=("a", "b"),
        sizes={"train": 100, "validation": 20, "test": N}, duplicates={"exact": 0}, majority_share=0.5,
        sensitivity="internal", incumbent=REFERENCE if of == "incumbent" else None,
    )  # fmt: skip
    both = [
        ArtifactFinding(
            role=role, name=role, digest=digest, strategy="majority", size=1000, trained_on=120,
            estimate=Estimate(value=0.8, low=0.7, high=0.9, n=N), predictions_sha256="d" * 64,
        )
        for role, digest in (("candidate", CANDIDATE), (of, REFERENCE))
    ]  # fmt: skip
    row = ArtifactComparison(
        purpose="gain-over-incumbent" if of == "incumbent" else "gain-over-best-baseline",
        reference=REFERENCE, difference=Estimate(value=value, low=low, high=high, n=N), only_candidate=12,
        only_reference=4, p_value=p, p_adjusted=p, test=test, bootstrap_low=low, bootstrap_high=high, detectable=0.05,
    )  # fmt: skip
    observed = ArtifactObservations(
        created="2026-11-20T09:00:00Z", environment=ENVIRONMENT, seconds=1.0,
        test_read=observations.TestRead(task="help-desk", cells_this_evaluation=1, cells_ever=1),
    )  # fmt: skip
    found = ArtifactFindings(task=task, artifacts=tuple(both), comparisons=(row,), resamples=10_000, seed=0)
    return ArtifactCase(ArtifactEvidence(findings=found, observations=observed))


def rule(kind: Any = "gain-over-best-baseline", **bounds: float) -> Rule:
    return Rule(id="gain", kind=kind, why="", **bounds)


@pytest.mark.parametrize(
    ("p", "value", "outcome"),
    [(0.04, 0.05, Outcome.PASS), (0.06, 0.05, Outcome.INSUFFICIENT), (0.04, -0.001, Outcome.INSUFFICIENT)],
)
def test_the_randomisation_test_says_whether_macro_f1_gains(p, value, outcome):
    for low in (-0.01, 0.001):
        found = gain_over_best_baseline(rule(), case(min(low, value), value, 0.11, p))
        assert found.outcome is outcome
        assert found.required == "> 0.0 points (randomisation test over items)"


def test_a_gain_above_more_than_0_is_the_intervals_to_say():
    bound = rule(at_least=0.03)
    assert gain_over_best_baseline(bound, case(0.02, 0.05, 0.08, 0.01)).outcome is Outcome.INSUFFICIENT
    passed = gain_over_best_baseline(bound, case(0.031, 0.05, 0.08, 0.01))
    assert (passed.outcome, passed.required) == (Outcome.PASS, "> 3.0 points (95 % interval over items)")
    assert gain_over_best_baseline(bound, case(0.0, 0.01, 0.02, 0.01)).outcome is Outcome.FAIL


@pytest.mark.parametrize("test", [MCNEMAR, "paired bootstrap over items"])
def test_accuracy_and_earlier_documents_need_interval_and_p(test):
    assert (
        gain_over_best_baseline(rule(), case(-0.01, 0.05, 0.11, 0.01, test=test)).outcome
        is Outcome.INSUFFICIENT
    )
    assert (
        gain_over_best_baseline(rule(), case(0.01, 0.05, 0.09, 0.06, test=test)).outcome
        is Outcome.INSUFFICIENT
    )
    assert gain_over_best_baseline(rule(), case(0.01, 0.05, 0.09, 0.01, test=test)).outcome is Outcome.PASS


def test_how_many_items_settle_it_is_said_of_accuracy_only():
    accuracy = gain_over_best_baseline(rule(), case(-0.01, 0.04, 0.09, 0.2, test=MCNEMAR))
    assert accuracy.settles == "about 193 more test items would detect 4.0 points"
    for test in (RANDOMISATION, "paired bootstrap over items"):
        found = gain_over_best_baseline(rule(), case(-0.01, 0.04, 0.09, 0.2, test=test))
        assert found.settles == "more test items, of rare classes above all"


def test_not_worse_by_the_margin_is_the_intervals_to_say():
    incumbent = rule("gain-over-incumbent")
    within = gain_over_incumbent(incumbent, case(-0.019, 0.0, 0.02, 0.9, of="incumbent"))
    assert (within.outcome, "within the margin" in within.measured) == (Outcome.PASS, True)
    beyond = gain_over_incumbent(incumbent, case(-0.021, 0.0, 0.02, 0.9, of="incumbent"))
    assert (beyond.outcome, beyond.settles) == (
        Outcome.INSUFFICIENT,
        "more test items, of rare classes above all",
    )
