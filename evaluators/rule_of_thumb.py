"""What people do before anything is measured: a strategy by the number of labels and the distance of the domain.

It is a habit, not evidence: the quadrants are those of the transfer-learning chapter of Stanford's CS231n notes, the
number where "few" ends is ours. Whoever shows it says so, and says where our own measurements contradict it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.advice import Option
from evaluators.wording import count, signed, title

#: Labels in all below which they count as few.
FEW = 1000


@dataclass(frozen=True)
class RuleOfThumb:
    """A strategy for a domain close to what the model was trained on, and one for a domain far from it."""

    labels: int
    close: str
    far: str

    @property
    def sentence(self) -> str:
        """The rule for people."""
        these = f"{count(self.labels, 'label')} ({'few' if self.labels < FEW else 'many'})"
        return (
            f"Rule of thumb, not measured: with {these} {title(self.close)} where the domain is close to the model's, "
            f"{title(self.far)} where it is far."
        )


def rule_of_thumb(labels: int) -> RuleOfThumb:
    """Return the rule for a number of labels in all."""
    if labels < FEW:
        return RuleOfThumb(labels, close="linear-probe", far="lora")
    return RuleOfThumb(labels, close="full-finetune", far="full-finetune")


def contradiction(rule: RuleOfThumb, options: Sequence[Option], *, margin: float) -> str | None:
    """Say where measurements at one size contradict a rule; None if they do not, or its strategy was not measured."""
    named = [option for option in options if option.strategy == rule.close]
    if not named:
        return None
    ruled = max(named, key=lambda option: option.estimate.value)
    best = max(options, key=lambda option: option.estimate.value)
    gain = best.estimate.value - ruled.estimate.value
    if gain <= margin:
        return None
    return f"Measured here it is otherwise: {best.words} is {signed(gain)} points above {ruled.words}."
