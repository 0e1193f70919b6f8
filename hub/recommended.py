"""An answer to "what shall I use?": the choice, what it rests on, and why everything else is not the answer.

In: advice and what stands beside it. Out: sentences, and plain values for JSON. Pure.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from evaluators.advice.advice import Advice
from evaluators.advice.limits import Excluded
from evaluators.advice.option import Option
from evaluators.advice.prescreen import Prescreen
from evaluators.advice.rule_of_thumb import Elsewhere, RuleOfThumb


@dataclass(frozen=True)
class Unmeasured:
    """Heavier strategies that may change an answer.

    Attributes:
        models: On which models.
        strategies: Which, lightest first.
        why: Why they may, for people.
    """

    models: tuple[str, ...]
    strategies: tuple[str, ...]
    why: str


@dataclass(frozen=True, eq=False)
class Recommended:
    """An answer to "what shall I use?".

    Attributes:
        advice: The measured answer.
        rule: What people do before anything is measured.
        against: Where the measurements contradict that rule; None if they do not.
        elsewhere: What evidence about other tasks of this modality says of it.
        unmeasured: What to measure next: it may change the answer. None where nothing would.
        front: What nothing is shown to beat at no more cost, of what was measured with as many labels.
        excluded: Why everything else is not the answer: options, and models of the catalog.
        unknown: What the limits ask and nothing measured answers.
        prescreen: How the models look from their features alone.
    """

    advice: Advice
    rule: RuleOfThumb
    against: str | None
    elsewhere: tuple[Elsewhere, ...]
    unmeasured: Unmeasured | None
    front: tuple[Option, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    unknown: tuple[str, ...] = ()
    prescreen: Prescreen | None = None

    @property
    def thumb(self) -> str:
        """The rule of thumb, and what our evidence says against it."""
        contradicted = [row.sentence for row in self.elsewhere if row.against]
        return " ".join([self.rule.sentence, *([self.against] if self.against else []), *contradicted])

    @property
    def value(self) -> dict[str, object]:
        """The answer as plain values."""
        chosen = self.advice.chosen
        return {
            "measured": True,
            "model": chosen.candidate or None,
            "strategy": chosen.strategy,
            "sentence": self.advice.sentence,
            "rule_of_thumb": {
                "strategy": self.rule.close,
                "far": self.rule.far,
                "contradicted": self.against,
            },
            "elsewhere": [row.value for row in self.elsewhere],
            "more_labels": asdict(self.advice.more) if self.advice.more else None,
            "undecided": [_value(option) for option in self.advice.undecided],
            "options": [_value(option) for option in self.advice.options],
            "smaller_sizes": [_value(option) for option in self.advice.earlier],
            "pareto": [_value(option) for option in self.front],
            "excluded": [
                {"model": row.candidate or None, "strategy": row.strategy or None, "reason": row.reason}
                for row in self.excluded
            ],
            "missing": {
                "limits": list(self.unknown),
                "measure": asdict(self.unmeasured) if self.unmeasured else None,
            },
            "prescreen": {
                "models": [asdict(row) for row in self.prescreen.looks],
                "weighted_tau": dict(self.prescreen.worth),
                "no_better_than_size": list(self.prescreen.no_better_than_size),
            }
            if self.prescreen
            else None,
        }


def _value(option: Option) -> dict[str, object]:
    return {
        "model": option.candidate or None,
        "strategy": option.strategy,
        "labels_per_class": option.labels_per_class,
        "labels": option.labels,
        "score": option.estimate.model_dump(mode="json"),
        "seconds": option.seconds,
        "encoding_seconds": option.encoding,
        "machine": option.machine or None,
        "latency_seconds": option.latency,
        "served_on": option.served_on or None,
    }
