"""An adapted model as a notebook shows it: what it is, how good, and that it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators.report.table import ResultTable
from evaluators.wording import metric_title, score, taught, title
from hub.adapted.lineage import Adapted
from hub.adapted.model import AdaptedModel, load_adapted
from hub.notebook.page import Page, Shown

if TYPE_CHECKING:
    from evaluators.data.samples import FloatArray


@dataclass(frozen=True, eq=False, repr=False)
class AdaptedHere(Shown):
    """A folder that was just written.

    Attributes:
        adapted: Lineage and score.
        folder: Where it lies.
    """

    adapted: Adapted
    folder: Path

    @cached_property
    def model(self) -> AdaptedModel:
        """The model, its bytes verified first."""
        return load_adapted(self.folder)

    def predict(self, inputs: Sequence[Any]) -> list[str]:
        """Return the label of each input: strings, or uint8 arrays (height, width, 3)."""
        return self.model.predict(inputs)

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        """Return probabilities, (n, labels) float32, columns in the order of `adapted.labels`."""
        return self.model.predict_proba(inputs)

    @property
    def page(self) -> Page:
        """The facts of its card."""
        held_out = self.adapted.score.estimate
        lead = (
            f"{title(self.adapted.strategy)} on {self.adapted.base.name}: {score(held_out)} "
            f"{metric_title(self.adapted.score.metric)} on {held_out.n} samples held out"
        )
        facts = (
            ("folder", str(self.folder)),
            ("labels", str(len(self.adapted.labels))),
            ("scored", taught(self.adapted.strategy, f"{self.adapted.score.trained_on} labels")),
            ("delivered", taught(self.adapted.strategy, f"{self.adapted.trained_on} labels")),
            ("lineage", self.adapted.lineage),
        )
        later = f'later: hub.load_adapted("{self.folder}").predict([...])'
        notes = (self.adapted.caveat, later) if self.adapted.caveat else (later,)
        return Page(lead, (ResultTable("", ("", " "), facts),), notes=notes)

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record."""
        held_out = self.adapted.score.estimate
        return [
            {
                "folder": str(self.folder),
                "model": self.adapted.base.name,
                "base_digest": self.adapted.base.digest,
                "strategy": self.adapted.strategy,
                "labels": len(self.adapted.labels),
                "trained_on": self.adapted.trained_on,
                "metric": self.adapted.score.metric,
                "score": held_out.value,
                "low": held_out.low,
                "high": held_out.high,
                "n": held_out.n,
            }
        ]
