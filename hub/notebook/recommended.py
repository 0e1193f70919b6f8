"""A recommendation as a notebook shows it: one sentence with numbers, then the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaluators.report.table import ResultTable
from evaluators.wording import compact, duration, millions
from hub.evidence_at_hand import SCREEN
from hub.first_guess import FirstGuess
from hub.notebook.page import Page, Shown
from hub.recommended import Recommended


@dataclass(frozen=True, eq=False, repr=False)
class Recommendation(Shown):
    """Which model, adapted how.

    Attributes:
        answer: The advice, and the rule of thumb beside it.
    """

    answer: Recommended | FirstGuess

    @property
    def model(self) -> str | None:
        """The model; None where a baseline is enough, or nothing was measured."""
        return None if isinstance(self.answer, FirstGuess) else self.answer.advice.chosen.candidate or None

    @property
    def strategy(self) -> str | None:
        """How to adapt it; None where that depends on what nobody measured."""
        if isinstance(self.answer, FirstGuess):
            return self.answer.strategy
        return self.answer.advice.chosen.strategy

    @property
    def page(self) -> Page:
        """The sentence, the table, the rule of thumb."""
        if isinstance(self.answer, FirstGuess):
            return Page(self.answer.sentence, notes=(f"no answer from measurements: {self.answer.why}",))
        advice = self.answer.advice
        rows = tuple(
            (
                ("* " if option is advice.chosen else "") + (option.candidate or "(no model)"),
                option.strategy,
                f"{option.labels:,}",
                compact(option.estimate),
                duration(option.seconds if option.spent is None else option.spent),
                millions(option.parameters) if option.parameters else "",
            )
            for option in advice.options
        )
        metric = advice.supply.metric if advice.supply else "score"
        table = ResultTable("", ("model", "strategy", "labels", metric, "time", "params"), rows)
        return Page(advice.sentence, (table,), notes=(self.answer.thumb, *self._later))

    @property
    def _later(self) -> tuple[str, ...]:
        """The call that measures what may change the answer."""
        missing = None if isinstance(self.answer, FirstGuess) else self.answer.unmeasured
        if missing is None:
            return ()
        models = ", ".join(repr(name) for name in missing.models)
        call = f"hub.evaluate({models}, ..., protocol={SCREEN!r}, strategies={list(missing.strategies)!r})"
        return (f"heavier strategies: {missing.why}: {call}",)

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record an option, best first; none where nothing was measured."""
        if isinstance(self.answer, FirstGuess):
            return []
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
                "latency_seconds": option.latency,
            }
            for option in self.answer.advice.options
        ]
