"""A8: summaries of sample-efficiency curves, from published means (SetFit's results on AG News, ten splits)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evaluators.diagnostics.efficiency import aulc, crossover, data_multiplier
from evaluators.selfcheck.figure import Figure, Outcome

SOURCE = "huggingface/setfit, final_results, AG News"
SIZES = (2, 4, 8, 16, 32, 64)
#: Mean accuracy at each number of labels a class, and the area under the curve over log2 of it.
CURVES = {
    "SetFit, mpnet": ((64.64, 77.30, 82.91, 85.00, 86.92, 88.04), 81.69),
    "RoBERTa-large, full": ((49.65, 69.01, 81.67, 85.29, 87.54, 88.44), 78.51),
    "DistilBERT, full": ((48.61, 63.50, 76.07, 81.59, 84.14, 86.81), 74.60),
}
OVERTAKES = Figure("A8", "labels a class from which RoBERTa-large is ahead of SetFit", 14.0, 0.05)
WORTH = Figure("A8", "labels a class that DistilBERT needs for SetFit's at 8", 22.9, 0.05)


def check(data: Path) -> Iterator[Outcome]:  # noqa: ARG001 - the curves stand here
    """Summarise the three curves."""
    for name, (means, area) in CURVES.items():
        yield Outcome(Figure("A8", f"area under the curve, {name}", area, 0.005), aulc(SIZES, means))
    setfit, roberta, distilbert = (list(means) for means, _ in CURVES.values())
    yield Outcome(OVERTAKES, crossover(SIZES, a=setfit, b=roberta).at)
    yield Outcome(WORTH, data_multiplier(SIZES, mean_transfer=setfit, mean_scratch=distilbert, at=8).labels)
