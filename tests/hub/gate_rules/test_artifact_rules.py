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
from evaluators.evidence import Estimate
from evaluators.facts import TaskFacts
from hub.decision import Outcome
from hub.gate_rules.artifact import ArtifactCase, gain_over_best_baseline, gain_over_incumbent
from hub.policy import Rule
from tests.synthetic import ENVIRONMENT

N = 200
CANDIDATE, REFERENCE = "c" * 64, "r" * 64


def case(
    low: float,
    value: float,
    high: float,
    p: float,
    *,
    test: str = RANDOMISATION,
    of: str = "baseline",
    not_worse: float | None = None,
    ever: int = 0,
):
    """Return the evidence of one comparison; `ever`: models that opened the test."""
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
        p_non_inferior=not_worse,
    )  # fmt: skip
    observed = ArtifactObservations(
        created="2026-11-20T09:00:00Z", environment=ENVIRONMENT, seconds=1.0,
        test_read=observations.TestRead(task="help-desk", cells_this_evaluation=1, cells_ever=1, candidates_ever=ever),
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


@pytest.mark.parametrize(("p", "outcome"), [(0.05, Outcome.PASS), (0.051, Outcome.INSUFFICIENT)])
def test_not_worse_by_the_margin_is_one_side_of_tost(p, outcome):
    # The two-sided interval alone would have said the contrary of both.
    low = -0.021 if outcome is Outcome.PASS else -0.019
    found = gain_over_incumbent(
        rule("gain-over-incumbent"), case(low, 0.0, 0.02, 0.9, of="incumbent", not_worse=p)
    )
    assert found.outcome is outcome
    assert "within 2.0 points of it (one-sided test at 5 %) and not larger" in found.required


@pytest.mark.parametrize("of", ["incumbent", "baseline"])
def test_every_model_that_opened_the_test_counts_in_the_correction(of):
    judge = gain_over_incumbent if of == "incumbent" else gain_over_best_baseline
    demand = rule("gain-over-incumbent" if of == "incumbent" else "gain-over-best-baseline")

    def opened_by(models):
        return judge(demand, case(0.01, 0.05, 0.09, 0.004, test=MCNEMAR, of=of, ever=models, not_worse=0.5))

    assert opened_by(12).outcome is Outcome.PASS
    found = opened_by(13)
    assert found.outcome is Outcome.INSUFFICIENT
    assert "p = 0.052 after Holm over 13 models that opened this test" in found.measured


def test_the_correction_is_of_the_p_at_the_bound_of_the_rule():
    # 12 right only here and 4 only there of 200: p is .077 at 1 point, and less at 0 by the test that is exact there.
    seen = {"test": MCNEMAR, "ever": 2}
    assert gain_over_best_baseline(rule(), case(0.011, 0.04, 0.07, 0.02, **seen)).outcome is Outcome.PASS
    found = gain_over_best_baseline(rule(at_least=0.01), case(0.011, 0.04, 0.07, 0.02, **seen))
    assert found.outcome is Outcome.INSUFFICIENT
    assert "after Holm over 2 models" in found.measured


def test_documents_of_before_are_judged_by_their_interval():
    incumbent = rule("gain-over-incumbent")
    within = gain_over_incumbent(incumbent, case(-0.019, 0.0, 0.02, 0.9, of="incumbent"))
    assert "within 2.0 points of it (95 % interval) and not larger" in within.required
    assert (within.outcome, "within the margin" in within.measured) == (Outcome.PASS, True)
    beyond = gain_over_incumbent(incumbent, case(-0.021, 0.0, 0.02, 0.9, of="incumbent"))
    assert (beyond.outcome, beyond.settles) == (
        Outcome.INSUFFICIENT,
        "more test items, of rare classes above all",
    )
