"""Rules about gaps, shift, cost, leaks and the locked test: every outcome of every kind."""

from evaluators.evidence import Diagnostic, Estimate
from tests.approval import good_evidence, judged, result, rule, with_observations, with_task, world
from tests.synthetic import evidence

SETS_OF_A_DRAFT = {"validation": 0.0}


def outcome(kind, evidence=None, **fields):
    found = result(judged(rule(kind, **fields), evidence=evidence), kind)
    assert found.required
    assert found.measured
    return found


def small(**changes):
    return evidence(world(**{"runs": 3, "items": 100, "sizes": (8,), **changes}))


def draft():
    """Evidence that did not open the locked test; the task has shifted sets all the same."""
    found = small(sets=SETS_OF_A_DRAFT)
    tasks = tuple(
        row.model_copy(update={"sizes": {**row.sizes, "typos": 100}}) for row in found.findings.tasks
    )
    return found.model_copy(update={"findings": found.findings.model_copy(update={"tasks": tasks})})


def test_generalization_gap_passes():
    assert outcome("generalization-gap", at_most=0.2).outcome == "pass"


def test_generalization_gap_fails():
    assert outcome("generalization-gap", at_most=0.0).outcome == "fail"


def test_generalization_gap_is_insufficient_when_the_interval_holds_the_bound():
    gap = next(
        row.estimate.value
        for row in good_evidence().findings.diagnostics
        if (row.name, row.strategy, row.labels_per_class) == ("generalization-gap", "linear-probe", 8)
    )
    assert outcome("generalization-gap", at_most=gap).outcome == "insufficient evidence"


def test_generalization_gap_is_insufficient_with_one_run():
    assert outcome("generalization-gap", small(runs=1), at_most=0.9).outcome == "insufficient evidence"


def test_generalization_gap_is_insufficient_when_the_policy_forgot_the_bound():
    assert "gives no `at_most`" in outcome("generalization-gap").measured


def test_shift_drop_passes():
    assert outcome("shift-drop", at_most=0.1).outcome == "pass"


def test_shift_drop_fails_for_the_worst_set():
    hard = small(sets={"validation": 0.0, "test": 0.0, "easy": 0.01, "hard": 0.3})
    found = outcome("shift-drop", hard, at_most=0.1)
    assert found.outcome == "fail"
    assert "on hard" in found.measured


def with_typos(steps):
    """Evidence of a task with the corruption typos, severity s costing its step."""
    sets = {"validation": 0.0, "test": 0.0} | {f"typos-{s}": step for s, step in enumerate(steps, start=1)}
    return small(sets=sets, corruptions=("typos",))


def test_shift_drop_judges_a_corruption_by_the_mean_of_its_severities():
    found = outcome("shift-drop", with_typos((0.0, 0.0, 0.0, 0.0, 0.3)), at_most=0.1)
    assert found.outcome == "pass"
    assert "on typos 1-5" in found.measured
    assert outcome("shift-drop", with_typos((0.2, 0.2, 0.2, 0.2, 0.2)), at_most=0.1).outcome == "fail"


def test_shift_drop_names_a_corruption_that_was_not_opened():
    missing = with_typos((0.0, 0.0, 0.0, 0.0, 0.0))
    kept = tuple(row for row in missing.findings.diagnostics if row.set != "typos 1-5")
    findings = missing.findings.model_copy(update={"diagnostics": kept})
    found = outcome("shift-drop", missing.model_copy(update={"findings": findings}), at_most=0.1)
    assert (found.outcome, found.measured) == ("insufficient evidence", "not measured on typos 1-5")


def test_shift_drop_is_insufficient_until_the_locked_sets_are_opened():
    found = outcome("shift-drop", draft(), at_most=0.1)
    assert (found.outcome, found.settles) == ("insufficient evidence", "run again with --final")


def test_shift_drop_does_not_apply_without_shifted_sets():
    assert (
        outcome("shift-drop", small(sets={"validation": 0.0, "test": 0.0}), at_most=0.1).outcome
        == "not applicable"
    )


def test_shift_drop_does_not_apply_when_the_other_sets_are_out_of_scope():
    chatter = small(sets={"validation": 0.0, "test": 0.0, "chatter": None})
    assert outcome("shift-drop", chatter, at_most=0.1).outcome == "not applicable"


def test_cost_cap_passes():
    assert outcome("cost-cap", at_most=60).outcome == "pass"


def test_cost_cap_fails():
    assert outcome("cost-cap", at_most=0.01).outcome == "fail"


def test_cost_cap_counts_trained_parameters_where_the_policy_says_so():
    found = outcome("cost-cap", at_most=1000, allow=("trained_parameters",))
    assert (found.outcome, found.required) == ("fail", "at most 1.0 k trained parameters a fit")


def test_cost_cap_is_insufficient_when_some_runs_are_above_it():
    costs = good_evidence().observations.costs
    slow = tuple(row.model_copy(update={"seconds": row.seconds + index}) for index, row in enumerate(costs))
    times = sorted(row.seconds for row in slow if (row.strategy, row.labels_per_class) == ("linear-probe", 8))
    found = outcome("cost-cap", with_observations(costs=slow), at_most=times[2])
    assert found.outcome == "insufficient evidence"


def test_cost_cap_is_insufficient_when_no_cost_was_recorded():
    assert outcome("cost-cap", with_observations(costs=()), at_most=60).outcome == "insufficient evidence"


def test_final_scores_passes():
    assert outcome("final-scores").outcome == "pass"


def test_final_scores_is_insufficient_on_validation():
    found = outcome("final-scores", draft())
    assert (found.outcome, found.settles) == ("insufficient evidence", "run again with --final")


def test_final_scores_fails_when_the_locked_test_was_read_too_often():
    reads = tuple(
        row.model_copy(update={"cells_ever": 900}) for row in good_evidence().observations.test_reads
    )
    found = outcome("final-scores", with_observations(test_reads=reads), at_most=500)
    assert (found.outcome, found.measured) == ("fail", "read by 900 cells up to now")


def test_no_leak_passes():
    assert outcome("no-leak").outcome == "pass"


def test_no_leak_fails_on_an_exact_copy():
    found = outcome("no-leak", with_task(duplicates={"exact": 2, "normalised": 3, "conflicting": 0}))
    assert found.outcome == "fail"


def test_no_leak_is_insufficient_when_nobody_counted():
    assert outcome("no-leak", with_task(duplicates={})).outcome == "insufficient evidence"


def test_promotable_task_passes():
    assert outcome("promotable-task").outcome == "pass"


def test_promotable_task_fails_for_a_personal_task():
    assert outcome("promotable-task", with_task(promotable=False)).outcome == "fail"


def forgot(low, value, high, *, strategy="lora"):
    """Good evidence that recommends a strategy, and says what it forgot."""
    found = good_evidence().findings
    chosen = tuple(row.model_copy(update={"strategy": strategy}) for row in found.recommendations)
    row = Diagnostic(
        name="forgetting", task="help-desk", candidate="mini", strategy=strategy, labels_per_class=8, set="news",
        estimate=Estimate(value=value, low=low, high=high, n=5),
    )  # fmt: skip
    changed = found.model_copy(update={"recommendations": chosen, "diagnostics": (*found.diagnostics, row)})
    return good_evidence().model_copy(update={"findings": changed})


def test_forgetting_cap_holds_the_whole_interval_against_the_cap():
    assert outcome("forgetting-cap", forgot(0.01, 0.02, 0.03), at_most=0.05).outcome == "pass"
    assert outcome("forgetting-cap", forgot(0.06, 0.08, 0.1), at_most=0.05).outcome == "fail"
    found = outcome("forgetting-cap", forgot(0.01, 0.04, 0.07), at_most=0.05)
    assert found.outcome == "insufficient evidence"
    assert found.measured.startswith("4.0 [1.0, 7.0] points of news")


def test_what_does_not_change_the_base_forgets_nothing():
    found = outcome("forgetting-cap", at_most=0.05)
    assert (found.outcome, found.measured) == ("not applicable", "linear probe does not change the base")


def test_forgetting_that_nobody_measured_is_undecided_and_says_how_to_measure_it():
    nothing = forgot(0.0, 0.0, 0.0)
    rows = tuple(row for row in nothing.findings.diagnostics if row.name != "forgetting")
    findings = nothing.findings.model_copy(update={"diagnostics": rows})
    found = outcome("forgetting-cap", nothing.model_copy(update={"findings": findings}), at_most=0.05)
    assert found.outcome == "insufficient evidence"
    assert "`probe` task in the card" in found.settles
