"""A recommendation as a notebook shows it: one sentence with numbers, then the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaluators.report.table import ResultTable
from evaluators.wording import compact, duration, millions
from hub.notebook.page import Page, Shown
from hub.recommending import Recommended


@dataclass(frozen=True, eq=False, repr=False)
class Recommendation(Shown):
    """Which model, adapted how.

    Attributes:
        answer: The advice, and the rule of thumb beside it.
    """

    answer: Recommended

    @property
    def model(self) -> str | None:
        """The model; None where a baseline is enough."""
        return self.answer.advice.chosen.candidate or None

    @property
    def strategy(self) -> str:
        """How to adapt it."""
        return self.answer.advice.chosen.strategy

    @property
    def page(self) -> Page:
        """The sentence, the table, the rule of thumb."""
        advice, rule = self.answer.advice, self.answer.rule
        rows = tuple(
            (
                ("* " if option is advice.chosen else "") + (option.candidate or "(no model)"),
                option.strategy,
                compact(option.estimate),
                duration(option.seconds),
                millions(option.parameters) if option.parameters else "",
            )
            for option in advice.options
        )
        heading = f"at {advice.chosen.labels_per_class} labels a class"
        table = ResultTable("", ("model", "strategy", heading, "a fit", "params"), rows)
        thumb = rule.sentence + (f" {self.answer.against}" if self.answer.against else "")
        later = (
            (f"not measured yet: {', '.join(self.answer.unmeasured)}; hub.evaluate(..., strategies=[...])",)
            if self.answer.unmeasured
            else ()
        )
        return Page(advice.sentence, (table,), notes=(thumb, *later))

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record an option, best first."""
        return [
            {
                "model": option.candidate or None,
                "strategy": option.strategy,
                "chosen": option is self.answer.advice.chosen,
                "labels_per_class": option.labels_per_class,
                "labels": option.labels,
                "value": option.estimate.value,
                "low": option.estimate.low,
                "high": option.estimate.high,
                "seconds": option.seconds,
            }
            for option in self.answer.advice.options
        ]
