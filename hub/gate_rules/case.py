"""What a rule looks at, and what it answers.

A rule function reads a case and returns a `Judgement`; it knows nothing of waivers, of other rules or of the
verdict. Everything here is a view of values that exist already: no disk, no clock, no arithmetic beyond
comparing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Diagnostic, Estimate, Evidence, Recommendation, Summary
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.statistics.sequential import nominal_level
from hub.card import Card
from hub.decision import Outcome
from hub.lock import Lock


@dataclass(frozen=True)
class Judgement:
    """How a rule ended.

    Attributes:
        outcome: Never `waived`: a rule does not know of waivers.
        required: What was demanded.
        measured: What was found; the reason where the rule is not applicable.
        settles: For insufficient evidence, what would settle it.
        because: The clause that the verdict's sentence uses if this rule decides it.
    """

    outcome: Outcome
    required: str
    measured: str
    settles: str | None = None
    because: str | None = None


@dataclass(frozen=True)
class CardCase:
    """What rules about a card look at: of the model itself, or of the base that an adapted one carries."""

    card: Card
    today: dt.date


@dataclass(frozen=True)
class ModelCase(CardCase):
    """What rules about the model itself look at."""

    lock: Lock
    evidence: Evidence

    @property
    def facts(self) -> CandidateFacts | None:
        """The candidate of this card as it was measured."""
        return candidate_facts(self.evidence, self.card)


@dataclass(frozen=True)
class TaskCase:
    """What rules about one task look at."""

    card: Card
    evidence: Evidence
    task: TaskFacts

    @property
    def facts(self) -> CandidateFacts | None:
        """The candidate of this card as it was measured."""
        return candidate_facts(self.evidence, self.card)

    @property
    def judged_set(self) -> str:
        """The set that claims rest on."""
        return "test" if self.evidence.findings.final else "validation"

    @property
    def recommendation(self) -> Recommendation | None:
        """The strategy that approval would be for."""
        for row in self.evidence.findings.recommendations:
            if (row.task, row.candidate) == (self.task.id, self.card.id):
                return row
        return None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The train sizes that the protocol demands, but for those that the task is too small for.

        A size that was planned and is missing stays: a rule must not pass because something was not measured.
        """
        protocol = self.evidence.findings.protocol
        demanded = set(protocol.get("labels_per_class") or ())
        cells = [cell for cell in self.evidence.findings.cells if cell.task == self.task.id]
        if protocol.get("largest"):
            # Only the task says which size that is, so it is read from what was planned.
            demanded |= {cell.labels_per_class for cell in cells}
        offered: list[int] = []
        for size in sorted(demanded):
            outcomes = {cell.status for cell in cells if cell.labels_per_class == size}
            if outcomes != {"skipped"}:
                offered.append(int(size))
        return tuple(offered)

    @property
    def incumbent(self) -> CandidateFacts | None:
        """The incumbent of this task, if the evidence measured it."""
        for facts in self.evidence.findings.candidates:
            known = self.task.incumbent in {None, facts.digest}
            if facts.role == "incumbent" and self.task.id in facts.incumbent_for and known:
                return facts
        return None

    @property
    def candidates_ever(self) -> int:
        """Distinct candidates that opened this task's locked test up to this evaluation; 0 where it stayed closed."""
        if not self.evidence.findings.final:
            return 0
        reads = self.evidence.observations.test_reads
        return max((row.candidates_ever for row in reads if row.task == self.task.id), default=0)

    @property
    def looks(self) -> int:
        """Looks that share the error of 5 %: those that were promised, or those that were taken, if they are more."""
        sequence = self.evidence.findings.looks
        promised = sequence.most if sequence else 1
        if not self.evidence.findings.final or self.facts is None:
            return promised
        reads = (row for row in self.evidence.observations.test_reads if row.task == self.task.id)
        return max([promised, *(row.looks.get(self.facts.digest, 1) for row in reads)])

    @property
    def level(self) -> float:
        """The two-sided level of this look: .05, unless it is one of several."""
        return nominal_level(self.looks)

    def comparison(self, purpose: str, size: int) -> Comparison | None:
        """Return the comparison of the recommended strategy on the judged set."""
        chosen = self.recommendation
        for row in self.evidence.findings.comparisons:
            if (
                chosen
                and (row.claim, row.purpose, row.task) == ("strategy", purpose, self.task.id)
                and (row.candidate, row.strategy) == (self.card.id, chosen.strategy)
                and (row.set, row.labels_per_class) == (self.judged_set, size)
            ):
                return row
        return None

    def summary(self, strategy: str, size: int, *, candidate: str | None = None) -> Summary | None:
        """Return a strategy's score on the judged set, of this card's candidate unless another is named."""
        name = self.card.id if candidate is None else candidate
        for row in self.evidence.findings.summaries:
            if (row.task, row.candidate, row.strategy) == (self.task.id, name, strategy) and (
                row.set,
                row.metric,
                row.labels_per_class,
            ) == (self.judged_set, self.task.metric, size):
                return row
        return None

    @property
    def score(self) -> Estimate | None:
        """The recommended strategy's score."""
        chosen = self.recommendation
        row = self.summary(chosen.strategy, chosen.labels_per_class) if chosen else None
        return row.estimate if row else None

    def diagnostics(self, name: str) -> tuple[Diagnostic, ...]:
        """Return the recommended strategy's diagnostics of one name, one for each set."""
        chosen = self.recommendation
        if chosen is None:
            return ()
        wanted = (name, self.task.id, self.card.id, chosen.strategy, chosen.labels_per_class)
        return tuple(
            row
            for row in self.evidence.findings.diagnostics
            if (row.name, row.task, row.candidate, row.strategy, row.labels_per_class) == wanted
        )


def candidate_facts(evidence: Evidence, card: Card) -> CandidateFacts | None:
    """Return what the evidence says it measured under a card's name, as a candidate."""
    for facts in evidence.findings.candidates:
        if facts.name == card.id and facts.role == "candidate":
            return facts
    return None
