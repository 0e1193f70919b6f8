"""Rules about comparisons: is it better than what costs less, and is that shown, not only seen?

A demand holds at a train size if the whole 95 % interval is above the bound, fails if the whole interval is
below it, and is undecided in between: a gain inside the noise is not a pass. What is missing is undecided
too. It has to hold over runs alone (Student's t) and over runs and items together: all runs answer the same items, and
more runs never say anything of others. Where this is one look of several both are as wide as all looks together
demand, and where it is one candidate of several the gain has to stand after Holm (`correction.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from evaluators.canonical import short
from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Estimate
from evaluators.pool_share import conditional_words, pool_share
from evaluators.protocol import FEWEST_RUNS
from evaluators.strategy import STRATEGIES
from evaluators.wording import at_size, count, difference, loss, millions, percent, title
from hub.decision import Outcome
from hub.gate_rules.case import Judgement, TaskCase
from hub.gate_rules.correction import corrected, corrected_not_worse
from hub.gate_rules.looking import at_level, interval_words, over_items
from hub.gate_rules.settling import settles, settles_by_items
from hub.policy import Rule

_NOT_MEASURED = -math.inf


@dataclass(frozen=True)
class _AtSize:
    """The answer at one train size. `room`: distance to the bound, negative where it is missed."""

    judgement: Judgement
    room: float


def gain_over_from_scratch(rule: Rule, case: TaskCase) -> Judgement:
    """Whether pre-training pays: the recommended strategy against the same architecture from random weights."""
    return _gain(rule, case, "gain-over-from-scratch")


def gain_over_best_baseline(rule: Rule, case: TaskCase) -> Judgement:
    """Whether a base model pays at all: the recommended strategy against the best baseline on the data alone."""
    return _gain(rule, case, "gain-over-best-baseline")


def gain_over_incumbent(rule: Rule, case: TaskCase) -> Judgement:
    """Whether it beats what is approved now, or is not worse by the task's margin and smaller."""
    facts, chosen, candidate = case.incumbent, case.recommendation, case.facts
    required = f"{_required(rule, case)}, or within {percent(case.task.margin)} points of it and smaller"
    if facts is None:
        return _without_incumbent(case, required)
    same_base = candidate is not None and facts.subject == candidate.subject
    if same_base and chosen and chosen.strategy == facts.incumbent_for[case.task.id]:
        return Judgement(Outcome.NOT_APPLICABLE, required, "this is the incumbent itself")
    smaller = candidate is not None and candidate.parameters < facts.parameters

    def judge(size: int) -> _AtSize:
        found = _gain_at(rule, case, "gain-over-incumbent", size)
        row = case.comparison("gain-over-incumbent", size)
        if row is None or row.difference.low is None:
            return found
        if found.judgement.outcome is Outcome.PASS:
            return found
        if smaller and _not_worse(row, case):
            sizes = (
                f"{millions(candidate.parameters if candidate else 0)} against {millions(facts.parameters)}"
            )
            words = f"{found.judgement.measured}: within the margin, and smaller ({sizes} parameters)"
            return _AtSize(Judgement(Outcome.PASS, found.judgement.required, words), found.room)
        return found

    return _over_sizes(rule, case, judge, required)


def baselines_present(rule: Rule, case: TaskCase) -> Judgement:
    """Whether every floor was scored at every size. `allow` names them; empty: all that fit the modality."""
    floors = rule.allow or tuple(
        row.id
        for row in STRATEGIES
        if row.is_baseline and not row.optional and case.card.modality in row.modalities
    )
    required = f"{', '.join(floors)} at every size"
    missing = [
        f"{name} at {at_size(size)}"
        for size in case.sizes
        for name in floors
        if not _scored(case, name, size)
    ]
    if not case.sizes:
        missing = ["every size"]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        measured = f"not scored: {', '.join(missing[:3])}{more}"
        return Judgement(Outcome.INSUFFICIENT, required, measured, "evaluate with a protocol that has them")
    return Judgement(Outcome.PASS, required, f"all scored at {count(len(case.sizes), 'size')}")


def minimum_runs(rule: Rule, case: TaskCase) -> Judgement:
    """Whether the recommended strategy was scored in enough paired runs at every size that counts."""
    needed = math.ceil(rule.at_least) if rule.at_least is not None else 2
    required = f"at least {count(needed, 'run')}"
    runs: dict[int, int] = {}
    for size in _sizes(rule, case):
        row = case.summary(case.recommendation.strategy, size) if case.recommendation else None
        runs[size] = row.estimate.n if row else 0
    if not runs:
        return Judgement(Outcome.INSUFFICIENT, required, "0 runs", f"{count(needed, 'more run')}")
    fewest = min(runs, key=lambda size: runs[size])
    measured = f"{count(runs[fewest], 'run')} at {at_size(fewest)}"
    if len(set(runs.values())) == 1:
        measured = f"{count(runs[fewest], 'run')} at {count(len(runs), 'size')}"
    if runs[fewest] >= needed:
        return Judgement(Outcome.PASS, required, measured)
    more = needed - runs[fewest]
    return Judgement(
        Outcome.INSUFFICIENT, required, measured, f"{count(more, 'more run')} that can be scored"
    )


def _gain(rule: Rule, case: TaskCase, purpose: str) -> Judgement:
    return _over_sizes(rule, case, lambda size: _gain_at(rule, case, purpose, size), _required(rule, case))


def _gain_at(rule: Rule, case: TaskCase, purpose: str, size: int) -> _AtSize:
    required, bound = _required(rule, case), rule.at_least or 0.0
    row = case.comparison(purpose, size)
    if row is None:
        words = f"not compared at {at_size(size)}"
        return _AtSize(Judgement(Outcome.INSUFFICIENT, required, words, "evaluate again"), _NOT_MEASURED)
    seen = at_level(row.difference, case)
    measured = f"{difference(seen)} points {_over(row)}, {count(seen.n, 'run')}"
    conditional = conditional_words(pool_share(case.evidence.findings, case.task, size))
    measured += f" ({conditional})" if conditional else ""
    low, high = seen.low, seen.high
    # Whatever a policy demands or waives: fewer runs carry no claim that a strategy is better.
    if low is None or high is None or (low > bound and row.difference.n < FEWEST_RUNS):
        return _AtSize(
            Judgement(Outcome.INSUFFICIENT, required, measured, _settles(row, bound, case)), _NOT_MEASURED
        )
    if low > bound:
        among = corrected(row, rule, case)
        measured += f"; {among.words}" if among.words else ""
        both = over_items(row, case)
        if both is not None and both.low is not None and both.low <= bound:
            measured += f"; {difference(both)} over runs and items together"
            items = case.task.groups.get(row.set) or case.task.sizes.get(row.set, 0)
            more = settles_by_items(row, bound, items=items, size=case.level)
            words = f"a gain of {measured} may be one of these test items alone"
            return _AtSize(Judgement(Outcome.INSUFFICIENT, required, measured, more, words), both.low - bound)
        if among.p_value is None or among.p_value <= case.level:
            return _AtSize(Judgement(Outcome.PASS, required, measured), low - bound)
        more = _settles(row, bound, case, among.family)
        return _AtSize(Judgement(Outcome.INSUFFICIENT, required, measured, more), low - bound)
    if high < bound:
        return _AtSize(Judgement(Outcome.FAIL, required, measured, because=_because(row, seen)), high - bound)
    words = f"a gain of {measured} is inside the noise"
    answer = Judgement(Outcome.INSUFFICIENT, required, measured, _settles(row, bound, case), words)
    return _AtSize(answer, row.difference.value - bound)


def _over_sizes(rule: Rule, case: TaskCase, judge: Callable[[int], _AtSize], required: str) -> Judgement:
    """Combine the sizes: the one that decides is shown."""
    answers = [judge(size) for size in _sizes(rule, case)]
    if not answers or case.recommendation is None:
        return Judgement(Outcome.INSUFFICIENT, required, "nothing to compare", "evaluate again")
    for outcome in _precedence(rule):
        group = [answer for answer in answers if answer.judgement.outcome is outcome]
        if group:
            pick = max if rule.sizes == "any" else min
            chosen = pick(group, key=lambda answer: answer.room).judgement
            extent = "best" if rule.sizes == "any" else "least"
            of_sizes = f" (the {extent} of {len(answers)} sizes)" if len(answers) > 1 else ""
            return Judgement(outcome, required, chosen.measured + of_sizes, chosen.settles, chosen.because)
    raise AssertionError("an answer has one of three outcomes")


def _precedence(rule: Rule) -> tuple[Outcome, ...]:
    """Return which outcome decides. At all sizes one failure does; at any, one pass does and only all fail."""
    if rule.sizes == "any":
        return (Outcome.PASS, Outcome.INSUFFICIENT, Outcome.FAIL)
    return (Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.PASS)


def _sizes(rule: Rule, case: TaskCase) -> tuple[int, ...]:
    return case.sizes[-1:] if rule.sizes == "largest" else case.sizes


def _required(rule: Rule, case: TaskCase) -> str:
    where = {"any": "at one size or more", "all": "at every size", "largest": "at the largest size"}[
        rule.sizes
    ]
    return f"> {percent(rule.at_least or 0.0)} points {where} ({interval_words(case)})"


def _over(row: Comparison) -> str:
    reference = title(row.reference_strategy)
    if row.reference_candidate not in {"", row.candidate}:
        reference = f"{reference} on {row.reference_candidate}"
    return f"over {reference} at {at_size(row.labels_per_class)}"


def _because(row: Comparison, seen: Estimate) -> str:
    where = _over(row).removeprefix("over ")
    if seen.high is not None and seen.high < 0.0:
        verdict = ": negative transfer" if row.purpose == "gain-over-best-baseline" else ""
        return f"{title(row.strategy)} is {loss(seen)} points below {where}{verdict}"
    return f"{title(row.strategy)} is only {difference(seen)} points above {where}"


def _settles(row: Comparison, bound: float, case: TaskCase, family: int = 1) -> str:
    looks = case.evidence.findings.looks
    if looks and looks.look(case.task.id) == looks.most:
        return f"all {looks.most} looks that were promised were taken: treat it as a tie, or judge on new test items"
    items = case.task.sizes.get(row.set, 0)
    return settles(row, bound, case.evidence.observations, items=items, size=case.level / max(1, family))


def _without_incumbent(case: TaskCase, required: str) -> Judgement:
    """Tell "there is none" from "it was not measured": only the former lifts the demand."""
    known = case.task.incumbent
    if known is None:
        return Judgement(
            Outcome.NOT_APPLICABLE, required, "no other base or strategy is approved for this task"
        )
    if case.facts is not None and case.facts.digest == known:
        return Judgement(Outcome.NOT_APPLICABLE, required, "this is the incumbent itself")
    measured = f"the incumbent, digest {short(known)}, was not measured"
    settles = "evaluate again with the incumbent's card, locked to those bytes, in the catalog"
    return Judgement(Outcome.INSUFFICIENT, required, measured, settles)


def _not_worse(row: Comparison, case: TaskCase) -> bool:
    """Whether it is shown not to be worse by the margin, by one side of TOST (earlier documents: by the interval)."""
    p_value = corrected_not_worse(row, case)
    if p_value is None:
        return row.difference.low is not None and row.difference.low > -case.task.margin
    return row.difference.n >= FEWEST_RUNS and p_value <= case.level


def _scored(case: TaskCase, strategy: str, size: int) -> bool:
    return any(case.summary(strategy, size, candidate=name) for name in ("", case.card.id))
