"""What people do before anything is measured: a strategy by the number of labels and the distance of the domain.

It is a habit, not evidence: the quadrants are those of the transfer-learning chapter of Stanford's CS231n notes, the
number where "few" ends is ours. Whoever shows it says so, and says where our own measurements contradict it: on these
data (`contradiction`), or on others of their kind (`elsewhere`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from evaluators.advice.domain_distance import DomainDistance, domain_distance
from evaluators.advice.option import Option, options_of
from evaluators.advice.option_gap import ahead, gap, sufficient
from evaluators.evidence import Evidence
from evaluators.facts import TaskFacts
from evaluators.wording import count, points, title

#: Labels in all below which they count as few.
FEW = 1000


@dataclass(frozen=True)
class RuleOfThumb:
    """A strategy for a domain close to what the model was trained on, and one for a domain far from it.

    Attributes:
        labels: Labels in all.
        close: The strategy where the domain is close.
        far: The strategy where it is far.
        distance: How far it is, where something measured says so.
    """

    labels: int
    close: str
    far: str
    distance: DomainDistance | None = None

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies that it names here: one where the distance is known or does not matter, else both."""
        if self.distance is not None:
            return (self.close if self.distance.distance == "close" else self.far,)
        return tuple(dict.fromkeys((self.close, self.far)))

    @property
    def sentence(self) -> str:
        """The rule for people."""
        start = f"Rule of thumb, not measured: with {count(self.labels, 'label')} ({self._amount})"
        if len(self.strategies) > 1:
            return (
                f"{start} {title(self.close)} where the domain is close to the model's, {title(self.far)} where it "
                "is far. How far yours is, is not known."
            )
        if self.distance is None:
            return f"{start} {title(self.close)}, whether the domain is close to the model's or far."
        where = f"a domain {self.distance.distance} {'to' if self.distance.distance == 'close' else 'from'} the model's"
        return f"{start} and {where} ({self.distance.reason}): {title(self.strategies[0])}."

    @property
    def _amount(self) -> str:
        return "few" if self.labels < FEW else "many"


@dataclass(frozen=True)
class Elsewhere:
    """What evidence about another task says of the rule.

    Attributes:
        task: Its id.
        labels: Labels in all, at the measured size nearest to those asked about.
        against: Why the rule is wrong there, as a clause; None where it holds.
    """

    task: str
    labels: int
    against: str | None

    @property
    def value(self) -> dict[str, object]:
        """The judgement as plain values."""
        return {"task": self.task, "labels": self.labels, "contradicted": self.against}

    @property
    def sentence(self) -> str:
        """The judgement for people."""
        where = f"n {self.task} ({count(self.labels, 'label')})"
        if self.against is None:
            return f"O{where} our evidence agrees with the rule."
        return f"O{where} our evidence says otherwise: {self.against}."


def rule_of_thumb(labels: int, distance: DomainDistance | None = None) -> RuleOfThumb:
    """Return the rule for a number of labels in all, and a distance of the domain where it is known."""
    if labels < FEW:
        return RuleOfThumb(labels, close="linear-probe", far="lora", distance=distance)
    return RuleOfThumb(labels, close="full-finetune", far="full-finetune", distance=distance)


def contradiction(rule: RuleOfThumb, options: Sequence[Option], *, margin: float) -> str | None:
    """Say where measurements at one size contradict a rule; None if they do not, or its strategy was not measured."""
    against = objection(rule, options, margin=margin)
    return f"Measured here it is otherwise: {against}." if against else None


def objection(rule: RuleOfThumb, options: Sequence[Option], *, margin: float) -> str | None:
    """Return what measurements at one size say against a rule, as a clause.

    A rule is wrong where something is better than its strategy by more than the margin and more than noise, or where a
    lighter transfer is shown to be within the margin of it.
    """
    named = [option for option in options if option.strategy in rule.strategies]
    if not named:
        return None
    ruled = max(named, key=lambda option: option.estimate.value)
    best = max(options, key=lambda option: option.estimate.value)
    if ahead(best, ruled, margin=margin):
        return f"{best.words} is {points(gap(best, ruled))} points above {ruled.words}"
    lighter = [
        option
        for option in options
        if not option.is_baseline
        and option.candidate == ruled.candidate
        and option.weight[:2] < ruled.weight[:2]
        and sufficient(option, ruled, margin=margin)
    ]
    if len(rule.strategies) > 1 or not lighter:
        return None
    lightest = min(lighter, key=lambda option: option.weight)
    behind = points(gap(lightest, ruled))
    return f"{lightest.words} is lighter and as good as {title(ruled.strategy)}, to within the margin ({behind} points)"


def elsewhere(
    rule: RuleOfThumb, documents: Iterable[Evidence], *, about: Collection[str]
) -> tuple[Elsewhere, ...]:
    """Judge a rule by evidence about other tasks, each at the measured size nearest to the labels asked about.

    Args:
        rule: The rule; only sizes that count as few, or many, as its labels do say something of it.
        documents: Evidence, newest first.
        about: Digests of the tasks that may be asked: of the same modality, and not the one that the rule is about.

    Returns:
        One judgement a task whose measurements can tell, contradictions first, then by name. Personal and restricted
        tasks are left out: their numbers belong to whoever owns the data.
    """
    documents = tuple(documents)
    tasks: dict[str, TaskFacts] = {}
    for document in documents:
        for facts in document.findings.tasks:
            if facts.promotable and facts.sensitivity != "restricted" and facts.digest in about:
                tasks.setdefault(facts.digest, facts)
    found = (_elsewhere(rule, facts, options_of(documents, facts.digest)) for facts in tasks.values())
    return tuple(
        sorted((row for row in found if row is not None), key=lambda row: (row.against is None, row.task))
    )


def _elsewhere(rule: RuleOfThumb, facts: TaskFacts, options: Sequence[Option]) -> Elsewhere | None:
    there = [option for option in options if (option.labels < FEW) == (rule.labels < FEW)]
    distances = {
        option.labels: abs(math.log(option.labels / max(1, rule.labels)))
        for option in there
        if not option.is_baseline
    }
    for labels in sorted(distances, key=lambda size: (distances[size], size)):
        here = [option for option in there if option.labels == labels]
        known = domain_distance(here, margin=facts.margin)
        own = rule_of_thumb(labels, known)
        if any(option.strategy in own.strategies for option in here):
            return Elsewhere(facts.id, labels, objection(own, here, margin=facts.margin))
    return None
