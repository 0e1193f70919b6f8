"""Rules about the rest of the evidence: gaps, shift, cost, leaks, whether the locked test was opened.

Diagnostics are judged for the recommended strategy at its train size. As in comparisons, an interval that
holds the bound decides nothing, and what was not measured never passes.
"""

from __future__ import annotations

from evaluators.corruption_names import family_name, family_sets
from evaluators.evidence import Estimate
from evaluators.observations import CellCost
from evaluators.strategy import strategy
from evaluators.wording import amount, count, millions, percent, title
from hub.decision import Outcome
from hub.gate_rules.case import Judgement, TaskCase
from hub.policy import Rule

_OWN_SETS = frozenset({"train", "validation", "test"})
_FINAL = "run again with --final"
#: What a cost-cap may be about: named in `allow`, seconds by default.
COST_MEASURES = ("seconds", "trained_parameters", "peak_bytes")


def generalization_gap(rule: Rule, case: TaskCase) -> Judgement:
    """Whether the training score is not much better than the judged one."""
    rows = [(f"on {row.set}", row.estimate) for row in case.diagnostics("generalization-gap")]
    return _at_most(rule, rows, "evaluate again: the score on the training labels is missing")


def shift_drop(rule: Rule, case: TaskCase) -> Judgement:
    """Whether no shifted set costs more than the policy allows; the worst set decides.

    A family of corruptions is judged by its mean over all severities, never by one of them.
    """
    others = set(case.task.sizes) - _OWN_SETS
    for family in case.task.corruptions:
        others = others - set(family_sets(family)) | {family_name(family)}
    out_of_scope = {row.set for row in case.diagnostics("out-of-scope-auroc")}
    if not others:
        return Judgement(Outcome.NOT_APPLICABLE, _bound(rule), "the task has no shifted set")
    rows = case.diagnostics("shift-drop")
    missing = sorted(others - out_of_scope - {row.set for row in rows})
    if missing:
        words = f"not measured on {', '.join(missing)}"
        return Judgement(Outcome.INSUFFICIENT, _bound(rule), words, _FINAL)
    if not rows:
        return Judgement(Outcome.NOT_APPLICABLE, _bound(rule), "the task's other sets are out of scope")
    return _at_most(rule, [(f"on {row.set}", row.estimate) for row in rows], _FINAL)


def forgetting_cap(rule: Rule, case: TaskCase) -> Judgement:
    """Whether the recommended strategy leaves what the bare base could do: the probe task of its card."""
    chosen = case.recommendation
    if chosen and strategy(chosen.strategy).reads_trunk:
        words = f"{title(chosen.strategy)} does not change the base"
        return Judgement(Outcome.NOT_APPLICABLE, _bound(rule), words)
    rows = [(f"of {row.set}", row.estimate) for row in case.diagnostics("forgetting")]
    settles = "name a `probe` task in the card, other than this one, and evaluate into a fresh store (--results NEW)"
    return _at_most(rule, rows, settles)


def cost_cap(rule: Rule, case: TaskCase) -> Judgement:
    """Whether a fit of the recommended strategy stays under the cap in every run."""
    measure = next((name for name in rule.allow if name in COST_MEASURES), COST_MEASURES[0])
    if rule.at_most is None:
        return _no_bound("at_most")
    required = f"at most {_amount(rule.at_most, measure)} a fit"
    chosen = case.recommendation
    costs = [
        _cost(row, measure)
        for row in case.evidence.observations.costs
        if chosen
        and (row.task, row.candidate) == (case.task.id, case.card.id)
        and (row.strategy, row.labels_per_class) == (chosen.strategy, chosen.labels_per_class)
    ]
    if not costs or not chosen:
        return Judgement(Outcome.INSUFFICIENT, required, "no cost is recorded", "evaluate again")
    low, high = min(costs), max(costs)
    if measure == "peak_bytes" and low == 0:
        return Judgement(
            Outcome.INSUFFICIENT, required, "memory was not measured there", "evaluate on Linux or a GPU"
        )
    extent = _amount(low, measure) if low == high else f"{_amount(low, measure)} to {_amount(high, measure)}"
    measured = f"{extent}, {title(chosen.strategy)}, {count(len(costs), 'run')}"
    if high <= rule.at_most:
        return Judgement(Outcome.PASS, required, measured)
    if low > rule.at_most:
        return Judgement(Outcome.FAIL, required, measured)
    return Judgement(Outcome.INSUFFICIENT, required, measured, "measure again on a machine that is idle")


def final_scores(rule: Rule, case: TaskCase) -> Judgement:
    """Whether the locked test was opened and, with `at_most`, not read by too many distinct cells."""
    required = "scores on the locked test"
    if not case.evidence.findings.final:
        return Judgement(Outcome.INSUFFICIENT, required, "scores on validation", _FINAL)
    if rule.at_most is None:
        return Judgement(Outcome.PASS, required, "scores on the locked test")
    required += f", read by at most {count(int(rule.at_most), 'cell')}"
    reads = [row.cells_ever for row in case.evidence.observations.test_reads if row.task == case.task.id]
    if not reads:
        return Judgement(Outcome.INSUFFICIENT, required, "no record of who read it", "evaluate again")
    ok = max(reads) <= rule.at_most
    measured = f"read by {count(max(reads), 'cell')} up to now"
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, required, measured)


def no_leak(rule: Rule, case: TaskCase) -> Judgement:
    """Whether the test holds no more exact copies of training samples than allowed (none by default)."""
    allowed = int(rule.at_most or 0)
    required = f"at most {count(allowed, 'test sample')} copied from train"
    found = case.task.duplicates
    if "exact" not in found:
        return Judgement(Outcome.INSUFFICIENT, required, "duplicates were not counted", "evaluate again")
    measured = ", ".join(f"{number:,} {kind}" for kind, number in sorted(found.items()))
    if case.task.leaks_allowed:
        measured += "; measured all the same, allowed by name"
    return Judgement(Outcome.PASS if found["exact"] <= allowed else Outcome.FAIL, required, measured)


def promotable_task(rule: Rule, case: TaskCase) -> Judgement:  # noqa: ARG001  one signature for all rules
    """Whether the task is a reviewed one: a personal CSV can promote nothing."""
    return reviewed_task(case)


def reviewed_task(case: TaskCase) -> Judgement:
    """Whether the task is of the catalog; holds even where the policy has no such rule."""
    ok = case.task.promotable
    measured = "a task of the catalog" if ok else "a personal task from the command line"
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, "a reviewed task of the catalog", measured)


def _at_most(rule: Rule, rows: list[tuple[str, Estimate]], settles: str) -> Judgement:
    if rule.at_most is None:
        return _no_bound("at_most")
    if not rows:
        return Judgement(Outcome.INSUFFICIENT, _bound(rule), "not measured", settles)
    judged = [(_side(estimate, rule.at_most), estimate, where) for where, estimate in rows]
    for outcome in (Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.PASS):
        group = [(estimate, where) for found, estimate, where in judged if found is outcome]
        if group:
            worst, where = max(group, key=lambda pair: pair[0].value)
            measured = f"{amount(worst)} points {where}, {count(worst.n, 'run')}"
            more = "more runs: the interval holds the bound" if outcome is Outcome.INSUFFICIENT else None
            return Judgement(outcome, _bound(rule), measured, more)
    raise AssertionError("an estimate is on one of three sides")


def _side(estimate: Estimate, bound: float) -> Outcome:
    if estimate.low is None or estimate.high is None:
        return Outcome.INSUFFICIENT
    if estimate.high <= bound:
        return Outcome.PASS
    return Outcome.FAIL if estimate.low > bound else Outcome.INSUFFICIENT


def _bound(rule: Rule) -> str:
    return f"<= {percent(rule.at_most or 0.0)} points (95 % interval)"


def _no_bound(name: str) -> Judgement:
    words = f"the rule gives no `{name}`"
    return Judgement(Outcome.INSUFFICIENT, f"a bound in `{name}`", words, f"set `{name}` in the policy")


def _cost(row: CellCost, measure: str) -> float:
    return {
        "seconds": row.seconds,
        "trained_parameters": float(row.trained_parameters),
        "peak_bytes": float(row.peak_bytes),
    }[measure]


def _amount(value: float, measure: str) -> str:
    if measure == "seconds":
        return f"{value:.1f} s"
    if measure == "peak_bytes":
        return f"{value / 2**20:,.0f} MiB"
    return f"{millions(int(value))} trained parameters"
