"""Rules about one artifact on the locked test: is it better than what stands, paired over items?

A plain comparison holds it to the best ever approved: each successor may lie within the margin of the one before, but
together they may not lose more than one.

As for bases, a demand holds if the whole 95 % interval is above the bound, fails if the whole interval is below it, and
is undecided in between; here more test items would settle it, not more runs. One decision makes several comparisons,
and one locked test is opened for many models, so a gain also has to stand after Holm over the larger of the two.
Whether macro-F1 gains anything at all is the randomisation test's to say: it keeps its level where classes are rare;
its interval says how much. That a model is not worse by the margin is one side of TOST, at 5 %, as for strategies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from evaluators.artifact_evidence import (
    MCNEMAR,
    OF_GROUPS,
    RANDOMISATION,
    ArtifactComparison,
    ArtifactEvidence,
    ArtifactFinding,
)
from evaluators.statistics.intervals import Interval
from evaluators.statistics.item_score import p_at
from evaluators.statistics.paired import p_at_bound
from evaluators.statistics.power import items_needed
from evaluators.wording import count, difference, loss, percent, title
from hub.decision import Outcome
from hub.gate_rules.case import Judgement
from hub.policy import Rule
from hub.promotion_log import ApprovedTask, Record

_LEVEL = 0.05
#: Two folders whose cards differ by a few words are of one size.
_SAME_SIZE = 1.01
#: More items than this settle nothing in practice.
_MOST_TIMES = 100
_MAKERS_WORD = "what the model was trained on is its maker's word"
#: Two shares of one test that are equal on paper.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ArtifactCase:
    """What these rules look at.

    Attributes:
        evidence: What was measured.
        best: The standing approval with the highest score that was recorded on this test; None if there is none.
    """

    evidence: ArtifactEvidence
    best: tuple[Record, ApprovedTask] | None = None

    def compared(self, purpose: str) -> tuple[ArtifactComparison, ...]:
        """Return the comparisons of one purpose, the smallest gain first."""
        found = [row for row in self.evidence.findings.comparisons if row.purpose == purpose]
        return tuple(sorted(found, key=lambda row: row.difference.value))

    def reference(self, row: ArtifactComparison) -> ArtifactFinding:
        """Return what a comparison is with."""
        return self.evidence.findings.artifact(row.reference)

    @property
    def margin(self) -> float:
        """The smallest difference that matters."""
        return self.evidence.findings.task.margin

    @property
    def family(self) -> int:
        """Comparisons that share an error of 5 %: of this decision, or of all models that ever opened this test."""
        compared = len(self.evidence.findings.comparisons)
        return max(compared, self.evidence.observations.test_read.candidates_ever)


def gain_over_best_baseline(rule: Rule, case: ArtifactCase) -> Judgement:
    """Whether the base pays: the model against every baseline that the same labels give without one."""
    bound = rule.at_least or 0.0
    rows = case.compared("gain-over-best-baseline")
    if not rows:
        return Judgement(Outcome.INSUFFICIENT, _required(bound), "no baseline was measured", "promote again")
    judged = [_gain(row, case, bound) for row in rows]
    for outcome in (Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.PASS):
        found = next((row for row in judged if row.outcome is outcome), None)
        if found is not None:
            return found
    raise AssertionError("a judgement has one of three outcomes")


def gain_over_incumbent(rule: Rule, case: ArtifactCase) -> Judgement:
    """Whether it beats the adapted model that is approved now, or is not worse by the margin and not larger.

    Nor may it lie further than the margin below the best that was ever approved and not withdrawn.
    """
    judged, task = _over_incumbent(rule, case), case.evidence.findings.task
    if case.best is None or judged.outcome is Outcome.NOT_APPLICABLE:
        return judged
    record, approved = case.best
    if record.model_digest in {task.incumbent, case.evidence.findings.candidate.digest}:
        return judged
    lost = approved.value - case.evidence.findings.candidate.estimate.value
    best = f"{record.model}, the best ever approved (record {record.sequence}, {percent(approved.value)})"
    required = f"{judged.required}; not more than {percent(case.margin)} points below {best}"
    if lost <= case.margin + _ROUNDING:
        return replace(judged, required=required)
    words = f"{percent(lost)} points below {best}"
    because = judged.because if judged.outcome is Outcome.FAIL else words
    measured = f"{judged.measured}; {words}, a plain comparison of scores"
    return Judgement(Outcome.FAIL, required, measured, because=because)


def _over_incumbent(rule: Rule, case: ArtifactCase) -> Judgement:
    bound, findings = rule.at_least or 0.0, case.evidence.findings
    row = next(iter(case.compared("gain-over-incumbent")), None)
    required = (
        f"{_required(bound, row)}, or within {percent(case.margin)} points of it "
        f"({_not_worse_words(row)}) and not larger"
    )
    if findings.task.incumbent is None:
        return Judgement(Outcome.NOT_APPLICABLE, required, "no adapted model is approved for this task")
    if findings.task.incumbent == findings.candidate.digest:
        return Judgement(Outcome.NOT_APPLICABLE, required, "this is the incumbent itself")
    if row is None:
        return Judgement(Outcome.INSUFFICIENT, required, "the incumbent was not measured", "promote again")
    found = _gain(row, case, bound)
    measured = found.measured
    if not case.reference(row).same_splits:
        measured += "; it was made from other splits, and may have seen items of this test"
    larger = findings.candidate.size > _SAME_SIZE * case.reference(row).size
    if found.outcome is not Outcome.PASS and not larger and _not_worse(row, case):
        return Judgement(Outcome.PASS, required, f"{measured}: within the margin, and not larger")
    settles = found.settles
    if found.outcome is Outcome.INSUFFICIENT and not larger:
        settles = _settles(row, -case.margin, size=2 * _LEVEL)  # one side of a test of 10 %
    return Judgement(found.outcome, required, measured, settles, found.because)


def final_scores(rule: Rule, case: ArtifactCase) -> Judgement:
    """Whether the locked test was read, with `at_most` not by too many distinct cells. It always was."""
    read = case.evidence.observations.test_read
    required = "scores on the locked test"
    measured = f"the locked test, read by {count(read.cells_ever, 'cell')} up to now; {_MAKERS_WORD}"
    if rule.at_most is None:
        return Judgement(Outcome.PASS, required, measured)
    required += f", read by at most {count(int(rule.at_most), 'cell')}"
    ok = read.cells_ever <= rule.at_most
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, required, measured)


def no_leak(rule: Rule, case: ArtifactCase) -> Judgement:
    """Whether the test holds no more exact copies of training samples than allowed (none by default)."""
    allowed, found = int(rule.at_most or 0), case.evidence.findings.task.duplicates
    required = f"at most {count(allowed, 'test sample')} copied from train"
    measured = ", ".join(f"{number:,} {kind}" for kind, number in sorted(found.items()))
    return Judgement(
        Outcome.PASS if found.get("exact", 0) <= allowed else Outcome.FAIL, required, measured or "none"
    )


def _gain(row: ArtifactComparison, case: ArtifactCase, bound: float) -> Judgement:
    required, high = _required(bound, row), row.difference.high
    reference = case.reference(row)
    name = title(reference.strategy) if reference.role == "baseline" else reference.name
    p_adjusted, after = _after_holm(row, case, bound)
    measured = (
        f"{difference(row.difference)} points over {name}, {count(row.difference.n, 'test item')} "
        f"({row.only_candidate} right only here, {row.only_reference} only there; p = {p_adjusted:.2g} {after})"
    )
    if _above(row, bound) and p_adjusted <= _LEVEL:
        return Judgement(Outcome.PASS, required, measured)
    if high is not None and high < bound:
        words = f"only {difference(row.difference)} points above {name}"
        if high < 0.0:
            words = f"{loss(row.difference)} points below {name}"
        return Judgement(Outcome.FAIL, required, measured, because=words)
    words = f"a gain of {measured} is inside the noise"
    size = _LEVEL / case.family
    return Judgement(Outcome.INSUFFICIENT, required, measured, _settles(row, bound, size=size), words)


def _after_holm(row: ArtifactComparison, case: ArtifactCase, bound: float) -> tuple[float, str]:
    """Return p at the bound after Holm, and over what: the best of many that met one test looks better than it is."""
    compared = len(case.evidence.findings.comparisons)
    if case.family == 1 or (case.family == compared and bound == 0.0):
        # At one comparison the interval alone says whether the gain is above another bound.
        return row.p_adjusted, "after Holm"
    p_value = row.p_value if bound == 0.0 else _p_at(row, bound, case)
    words = "after Holm"
    if case.family > compared:
        words += f" over {count(case.family, 'model')} that opened this test"
    # The p of other models are not at hand: they count as if they were smaller.
    return max(row.p_adjusted, min(1.0, case.family * p_value)), words


def _p_at(row: ArtifactComparison, bound: float, case: ArtifactCase) -> float:
    """Return the two-sided p of "the gain is the bound"; of groups with as many degrees of freedom as they allow."""
    if row.test == MCNEMAR:
        return p_at(row.only_candidate, row.only_reference, row.difference.n, bound)
    seen = row.difference
    units = case.evidence.findings.task.groups.get("test", seen.n) if row.test == OF_GROUPS else seen.n
    return p_at_bound(Interval(seen.value, seen.low, seen.high, units), bound)


def _not_worse(row: ArtifactComparison, case: ArtifactCase) -> bool:
    """Whether it is shown not to be worse by the margin, by one side of TOST (earlier documents: by the interval)."""
    if row.p_non_inferior is None:
        return row.difference.low is not None and row.difference.low > -case.margin
    return row.p_non_inferior <= _LEVEL


def _not_worse_words(row: ArtifactComparison | None) -> str:
    if row is not None and row.p_non_inferior is None:
        return "95 % interval"
    return "one-sided test at 5 %"


def _above(row: ArtifactComparison, bound: float) -> bool:
    """Whether the gain is above the bound; p, which must be small too, is another question."""
    if _by_test(row, bound):
        return row.difference.value > bound
    return row.difference.low is not None and row.difference.low > bound


def _by_test(row: ArtifactComparison | None, bound: float) -> bool:
    """Whether p alone says that there is a gain: exchanging answers tests no difference, and no other bound."""
    return row is not None and row.test in {RANDOMISATION, OF_GROUPS} and bound == 0.0


def _settles(row: ArtifactComparison, bound: float, *, size: float) -> str:
    """Say how many test items would settle an undecided comparison; `size` is the error that it may take."""
    if row.test != MCNEMAR:
        # What one more item brings depends on its class: no number is known.
        if row.test == OF_GROUPS:
            return "test items of more groups: more of the same groups say little"
        return "more test items, of rare classes above all"
    seen, n = abs(row.difference.value - bound), row.difference.n
    churn = (row.only_candidate + row.only_reference) / n
    if churn == 0.0:
        # Bonett and Price's interval has a width where nothing differs; a single item that does would tell.
        churn = 1.0 / n
    needed = math.inf if seen == 0.0 else items_needed(churn, seen, level=1.0 - size)
    if needed > _MOST_TIMES * n:
        return f"more than {_MOST_TIMES} times as many test items: treat it as a tie"
    return (
        f"about {count(max(1, math.ceil(needed) - n), 'more test item')} would detect {percent(seen)} points"
    )


def _required(bound: float, row: ArtifactComparison | None = None) -> str:
    how = "randomisation test" if _by_test(row, bound) else "95 % interval"
    of = "groups of items" if row is not None and row.test == OF_GROUPS else "items"
    return f"> {percent(bound)} points ({how} over {of})"
