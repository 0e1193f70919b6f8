"""Rules about comparisons: a gain inside the noise is not a pass, and what is missing is not one either."""

import pytest
from scipy.special import stdtr, stdtrit

from tests.approval import (
    good_evidence,
    judged,
    result,
    rule,
    with_comparisons,
    with_difference,
    with_task,
    world,
)
from tests.synthetic import evidence

GAINS = ["gain-over-from-scratch", "gain-over-best-baseline"]


def outcome(kind, evidence=None, **fields):
    found = result(judged(rule(kind, **fields), evidence=evidence), kind)
    assert found.required
    assert found.measured
    return found


def only_at(size, purpose, low, value, high):
    """Change the comparison at one size."""
    changed = with_difference(purpose, low, value, high).findings.comparisons
    at_size = {row: row for row in changed if row.labels_per_class == size and row.purpose == purpose}

    def change(row):
        key = (row.purpose, row.labels_per_class, row.strategy)
        return next((new for new in at_size if (new.purpose, new.labels_per_class, new.strategy) == key), row)

    return with_comparisons(change)


@pytest.mark.parametrize("kind", GAINS)
def test_gain_passes_when_the_whole_interval_is_above_the_bound(kind):
    assert outcome(kind, with_difference(kind, 0.01, 0.02, 0.03)).outcome == "pass"


@pytest.mark.parametrize("kind", GAINS)
def test_gain_fails_when_the_whole_interval_is_below_the_bound(kind):
    assert outcome(kind, with_difference(kind, -0.03, -0.02, -0.01)).outcome == "fail"


@pytest.mark.parametrize("kind", GAINS)
def test_gain_inside_the_noise_is_insufficient_and_says_how_many_runs_settle_it(kind):
    found = outcome(kind, with_difference(kind, -0.002, 0.008, 0.018, detectable=0.011))
    assert found.outcome == "insufficient evidence"
    assert found.measured.startswith("+0.8 [-0.2, 1.8] points over")
    # 20 s a from-scratch cell and 0.2 s a probe, as the synthetic cells cost.
    seconds = {"gain-over-from-scratch": "60 s", "gain-over-best-baseline": "0.7 s"}[kind]
    assert found.settles == f"about 3 more runs ({seconds}) would detect 0.8 points"


@pytest.mark.parametrize("kind", GAINS)
def test_a_gain_of_four_runs_is_no_claim_whatever_the_policy_demands(kind):
    def of_four(row):
        return row.model_copy(update={"difference": row.difference.model_copy(update={"n": 4})})

    found = outcome(kind, with_comparisons(of_four))
    assert found.outcome == "insufficient evidence"
    assert found.settles.endswith("a claim about a strategy needs 5 paired runs")


def test_a_gain_of_a_third_of_a_point_inside_the_noise_is_insufficient():
    found = outcome(GAINS[0], with_difference(GAINS[0], -0.004, 0.003, 0.010, detectable=0.0085))
    assert found.outcome == "insufficient evidence"
    assert found.settles.startswith("about 20 more runs (7 min)")


def opened_by(candidates, evidence):
    """Return evidence whose locked test was opened by so many candidates."""
    reads = tuple(
        row.model_copy(update={"candidates_ever": candidates}) for row in evidence.observations.test_reads
    )
    observed = evidence.observations.model_copy(update={"test_reads": reads})
    return evidence.model_copy(update={"observations": observed})


def over_runs_alone(evidence):
    """As of a metric that is no mean over items: nothing is known of other items."""
    rows = tuple(
        row.model_copy(update={"crossed_low": None, "crossed_high": None})
        for row in evidence.findings.comparisons
    )
    findings = evidence.findings.model_copy(update={"comparisons": rows})
    return evidence.model_copy(update={"findings": findings})


def larger(evidence):
    """Return evidence whose candidates have more parameters than what they meet."""
    facts = tuple(
        row.model_copy(update={"parameters": 10**9}) if row.role == "candidate" else row
        for row in evidence.findings.candidates
    )
    return evidence.model_copy(
        update={"findings": evidence.findings.model_copy(update={"candidates": facts})}
    )


@pytest.mark.parametrize("kind", [*GAINS, "gain-over-incumbent"])
def test_every_candidate_that_opened_the_test_counts_in_the_correction(kind):
    base = with_difference(kind, 0.005, 0.01, 0.015, detectable=0.006)  # p is .005
    if kind == "gain-over-incumbent":
        base = over_runs_alone(larger(incumbent_world(0.88)))
    assert outcome(kind, opened_by(1, base)).outcome == "pass"
    found = outcome(kind, opened_by(500, base))
    assert found.outcome == "insufficient evidence"
    assert "after Holm over 500 candidates that opened this test" in found.measured


@pytest.mark.parametrize("kind", GAINS)
def test_where_one_size_is_enough_each_is_a_try(kind):
    # p is .03 at each of two sizes.
    seen = with_difference(kind, 0.001, 0.01, 0.019, detectable=0.011)
    assert outcome(kind, seen, sizes="all").outcome == "pass"
    assert outcome(kind, seen, sizes="largest").outcome == "pass"
    found = outcome(kind, seen, sizes="any")
    assert found.outcome == "insufficient evidence"
    assert "after Holm over 2 sizes, one of which is enough" in found.measured
    found = outcome(kind, opened_by(3, seen), sizes="any")
    assert "after Holm over 3 candidates that opened this test, at 2 sizes each" in found.measured


@pytest.mark.parametrize("kind", GAINS)
def test_candidates_of_one_evaluation_are_tries_of_one_test(kind):
    seen = with_difference(kind, 0.001, 0.01, 0.019, detectable=0.011)
    beside = [row.model_copy(update={"candidate": "other"}) for row in seen.findings.comparisons]
    rows = (*seen.findings.comparisons, *beside)
    both = seen.model_copy(update={"findings": seen.findings.model_copy(update={"comparisons": rows})})
    found = outcome(kind, both)
    assert found.outcome == "insufficient evidence"
    assert "p = 0.074 after Holm over 2 candidates" in found.measured


def test_what_is_not_worse_and_smaller_has_to_stand_among_all_that_opened_the_test():
    base = incumbent_world(0.87)
    row = next(r for r in base.findings.comparisons if r.purpose == "gain-over-incumbent")
    few = outcome("gain-over-incumbent", opened_by(int(0.05 / row.p_non_inferior), base))
    assert few.outcome == "pass"
    many = outcome("gain-over-incumbent", opened_by(int(0.05 / row.p_non_inferior) + 2, base))
    assert many.outcome == "insufficient evidence"


def test_a_strategy_is_not_shown_to_be_not_worse_by_runs_that_answer_the_same_items():
    base = incumbent_world(0.88)
    row = next(r for r in base.findings.comparisons if r.purpose == "gain-over-incumbent")
    margin = next(task.margin for task in base.findings.tasks if task.id == row.task)
    half = row.difference.high - row.difference.value
    error = half / stdtrit(row.difference.n - 1, 0.975)
    over_runs = stdtr(row.difference.n - 1, -(row.difference.value + margin) / error)
    # Runs alone would have shown it.
    assert over_runs < 0.01 < 0.05 < row.p_non_inferior


def test_a_pass_must_survive_holm_at_the_bound_of_the_rule_and_not_at_zero():
    base = over_runs_alone(larger(incumbent_world(0.88)))
    gain = next(r for r in base.findings.comparisons if r.purpose == "gain-over-incumbent").difference
    bound = gain.low - 1e-4
    twice = opened_by(2, base)
    assert outcome("gain-over-incumbent", base, at_least=bound).outcome == "pass"
    assert outcome("gain-over-incumbent", twice, at_least=0.0).outcome == "pass"
    assert outcome("gain-over-incumbent", twice, at_least=bound).outcome == "insufficient evidence"


@pytest.mark.parametrize("kind", GAINS)
def test_gain_that_was_not_compared_is_insufficient(kind):
    assert outcome(kind, with_comparisons(lambda _: None)).outcome == "insufficient evidence"


def test_gain_that_hundreds_of_runs_would_not_settle_is_called_a_tie():
    found = outcome(GAINS[0], with_difference(GAINS[0], -0.01, 0.0001, 0.01, detectable=0.02))
    assert "treat it as a tie" in (found.settles or "")


def test_gain_of_one_run_is_insufficient():
    found = outcome(GAINS[0], with_difference(GAINS[0], None, 0.3, None, detectable=None))
    assert found.outcome == "insufficient evidence"
    assert "one run has no interval" in (found.settles or "")


def test_gain_above_zero_but_below_the_demand_fails_without_negative_transfer():
    decision = judged(rule(GAINS[1], at_least=0.05), evidence=with_difference(GAINS[1], 0.01, 0.02, 0.03))
    assert result(decision, GAINS[1]).outcome == "fail"
    assert "only +2.0" in decision.sentence
    assert "negative transfer" not in decision.sentence


def test_all_sizes_are_demanded_by_default():
    assert outcome(GAINS[0], only_at(2, GAINS[0], -0.03, -0.02, -0.01)).outcome == "fail"


def test_any_size_is_enough_where_the_policy_says_so():
    assert outcome(GAINS[0], only_at(2, GAINS[0], -0.03, -0.02, -0.01), sizes="any").outcome == "pass"


def test_the_largest_size_alone_counts_where_the_policy_says_so():
    found = outcome(GAINS[0], only_at(2, GAINS[0], -0.03, -0.02, -0.01), sizes="largest")
    assert found.outcome == "pass"
    assert "at 8 labels a class" in found.measured


def test_a_size_without_its_comparison_is_insufficient_even_if_the_others_pass():
    gone = with_comparisons(lambda row: None if row.labels_per_class == 2 else row)
    assert outcome(GAINS[0], gone).measured.startswith("not compared at 2 labels a class")


def test_baselines_present_passes():
    assert outcome("baselines-present").outcome == "pass"


def test_baselines_present_is_insufficient_when_one_failed():
    lost = evidence(world(failed=frozenset({("from-scratch", 2, 0)}), runs=2, items=40))
    found = outcome("baselines-present", lost)
    assert (found.outcome, found.measured) == (
        "insufficient evidence",
        "not scored: from-scratch at 2 labels a class",
    )


def test_minimum_runs_passes():
    assert outcome("minimum-runs", at_least=5).outcome == "pass"


def test_minimum_runs_is_insufficient_and_counts_what_is_missing():
    found = outcome("minimum-runs", at_least=10)
    assert (found.outcome, found.settles) == ("insufficient evidence", "5 more runs that can be scored")


def incumbent_world(accuracy, **changes):
    return evidence(world(incumbent=("old", accuracy), items=200, sizes=(8,), **changes))


def test_gain_over_incumbent_does_not_apply_when_nothing_is_approved():
    assert outcome("gain-over-incumbent").outcome == "not applicable"


def test_gain_over_incumbent_is_insufficient_when_the_incumbent_was_not_measured():
    found = outcome("gain-over-incumbent", with_task(incumbent="f" * 64))
    assert found.outcome == "insufficient evidence"


def test_gain_over_incumbent_does_not_apply_to_the_incumbent_itself():
    itself = with_task(incumbent=good_evidence().findings.candidates[0].digest)
    assert outcome("gain-over-incumbent", itself).measured == "this is the incumbent itself"


def test_gain_over_incumbent_passes_when_it_is_better():
    found = outcome("gain-over-incumbent", incumbent_world(0.80))
    assert found.outcome == "pass"
    assert "over linear probe on old at 8 labels a class" in found.measured


def test_gain_over_incumbent_passes_when_it_is_within_the_margin_and_smaller():
    found = outcome("gain-over-incumbent", incumbent_world(0.90, margin=0.05))
    assert found.outcome == "pass"
    assert "smaller (22.7 M against 40.0 M parameters)" in found.measured


def test_gain_over_incumbent_fails_when_it_is_worse():
    assert outcome("gain-over-incumbent", incumbent_world(0.97)).outcome == "fail"


def test_gain_over_incumbent_is_insufficient_inside_the_noise():
    found = outcome("gain-over-incumbent", incumbent_world(0.90, margin=0.001))
    assert found.outcome == "insufficient evidence"


def test_gain_over_incumbent_is_insufficient_when_it_does_not_survive_holm():
    base = incumbent_world(0.80)
    rows = tuple(
        row.model_copy(update={"p_adjusted": 0.2}) if row.purpose == "gain-over-incumbent" else row
        for row in base.findings.comparisons
    )
    many = base.model_copy(update={"findings": base.findings.model_copy(update={"comparisons": rows})})
    found = outcome("gain-over-incumbent", larger(many))
    assert found.outcome == "insufficient evidence"
    assert "after Holm" in found.measured


def test_the_largest_size_that_only_the_task_knows_is_demanded_too():
    found = good_evidence()
    protocol = {**found.findings.protocol, "labels_per_class": [2], "largest": 64}
    findings = found.findings.model_copy(update={"protocol": protocol})
    whole = found.model_copy(update={"findings": findings})
    assert outcome(GAINS[0], whole).outcome == "pass"
    comparisons = tuple(row for row in findings.comparisons if row.labels_per_class != 8)
    gone = whole.model_copy(update={"findings": findings.model_copy(update={"comparisons": comparisons})})
    assert outcome(GAINS[0], gone).measured.startswith("not compared at 8 labels a class")
